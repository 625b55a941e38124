"""What the API costs: CPU of a cold import, time of a warm handler, and requests to AWS, route by route.

    .millrace/venv/bin/python -m benchmarks.api

Starts a platform of its own and takes the functions' settings from it, then calls the handlers in this process: neither
the gateway nor Lambda is in the times. "Own" is a handler's time without its waiting for AWS, here for the emulator.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.client import BaseClient

from benchmarks.table import print_table
from tests.integration.gateway import Answer, Gateway, load_function

ROOT = Path(__file__).parents[1]
CORE = ROOT / "layers" / "core" / "python"
RUNS = 5
CALLS = 60
AIM_MS = 400
PASSWORD = "mill wheel and river"  # noqa: S105 - of an account that lives as long as the benchmark
# What Lambda pays for a container: everything up to the handler, in an interpreter with nothing of its own.
IMPORT = (
    "import sys, time; sys.path[:0] = sys.argv[1:]; t = time.process_time(); import app; print(time.process_time() - t)"
)


@dataclass
class Spent:
    """Requests to AWS, and the time in which they were waited for."""

    requests: Counter[str] = field(default_factory=Counter)
    waited_s: float = 0.0


@dataclass(frozen=True)
class Call:
    """A route to measure, with everything that its request needs."""

    folder: str
    method: str
    path: str
    body: Any = None
    signed_in: bool = True
    times: int = CALLS


def main() -> None:
    """Measure and print the tables."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    folders = [path.parent.name for path in sorted((ROOT / "functions").glob("*/app.py")) if _has_api(path)]
    rows = [[folder, *_import_ms(folder)] for folder in [*folders, "authorize"]]
    print_table(
        f"Cold import, CPU ms, median of {RUNS} (aim: {AIM_MS})",
        ["function", "compiled", "nothing compiled, not even the standard library"],
        rows,
    )
    with tempfile.TemporaryDirectory() as home, _platform(Path(home)) as outputs:
        _take_settings(outputs["emulator"])
        print_table(
            f"Warm handlers, ms, {CALLS} calls each",
            ["route", "p50", "p95", "own p50", "own p95", "DynamoDB requests", "other requests"],
            [_measured(call, token, gateways) for token, gateways, call in _calls(folders)],
        )


def _has_api(path: Path) -> bool:
    return "\napi = Api(" in path.read_text(encoding="utf-8")


def _import_ms(folder: str) -> tuple[str, str]:
    compiled = [_import_once(folder, {}) for _ in range(RUNS + 1)][1:]
    with tempfile.TemporaryDirectory() as nothing:
        bare = _import_once(folder, {"PYTHONPYCACHEPREFIX": nothing, "PYTHONDONTWRITEBYTECODE": "1"})
    return f"{statistics.median(compiled):.0f}", f"{bare:.0f}"


def _import_once(folder: str, settings: dict[str, str]) -> float:
    argv = [sys.executable, "-c", IMPORT, str(CORE), str(ROOT / "functions" / folder)]
    environment = {"PATH": "/usr/bin:/bin", "AWS_DEFAULT_REGION": "us-east-1", **settings}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000


@contextmanager
def _platform(home: Path) -> Iterator[dict[str, str]]:
    environment = {
        **os.environ,
        "MILLRACE_HOME": str(home),
        "MILLRACE_EMULATOR_PORT": "0",
        "MILLRACE_EDGE_PORT": "0",
    }
    command = str(ROOT / "millrace")
    try:
        subprocess.run([command, "up"], env=environment, check=True, stdout=subprocess.DEVNULL)
        status = subprocess.run(
            [command, "status", "--json"], env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        yield json.loads(status.stdout)
    finally:
        subprocess.run([command, "down"], env=environment, check=False, stdout=subprocess.DEVNULL)


def _take_settings(emulator: str) -> None:
    """Give this process what the deployed functions have, so that they run here as there."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    functions = session.client("lambda", endpoint_url=emulator).get_paginator("list_functions").paginate()
    for function in (found for page in functions for found in page["Functions"]):
        os.environ.update(function.get("Environment", {}).get("Variables", {}))
    os.environ.update(
        AWS_ENDPOINT_URL=emulator,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - what emulators take for anybody
        POWERTOOLS_LOG_LEVEL="CRITICAL",
    )


def _calls(folders: list[str]) -> Iterator[tuple[str, dict[str, Gateway], Call]]:
    """Make an account with something of everything, then yield the routes to measure."""
    gateways = {folder: Gateway(load_function(folder)) for folder in folders}
    person = {"email": f"bench-{os.getpid()}@example.org", "password": PASSWORD}
    with redirect_stdout(io.StringIO()):
        token = str(_made(gateways["auth"].call("POST", "/api/auth/register", person))["access_token"])

    def make(folder: str, path: str, body: object) -> Any:
        with redirect_stdout(io.StringIO()):
            return _made(gateways[folder].call("POST", path, body, Authorization=f"Bearer {token}"))

    draft = {"title": "A mill", "filename": "mill.mp4", "size_bytes": 9}
    video = make("catalog", "/api/videos", draft)["video"]["video_id"]
    channel = make("channels", "/api/channels", {"handle": f"bench.{os.getpid()}", "name": "Bench"})["channel_id"]
    playlist = make("library", "/api/playlists", {"title": "Mills"})["playlist_id"]
    chosen = (
        Call("auth", "POST", "/api/auth/sign-in", person, signed_in=False, times=20),
        Call("auth", "GET", "/api/users/me"),
        Call("auth", "GET", "/.well-known/jwks.json", signed_in=False),
        Call("catalog", "POST", "/api/videos", draft, times=20),
        Call("catalog", "GET", "/api/videos"),
        Call("catalog", "GET", f"/api/videos/{video}"),
        Call("catalog", "PATCH", f"/api/videos/{video}", {"title": "Another mill"}),
        Call("channels", "GET", f"/api/channels/{channel}", signed_in=False),
        Call("channels", "GET", f"/api/channels/{channel}/follow"),
        Call("comments", "POST", f"/api/videos/{video}/comments", {"text": "Turn, wheel."}, times=20),
        Call("comments", "GET", f"/api/videos/{video}/comments"),
        Call("comments", "PUT", f"/api/videos/{video}/like"),
        Call("library", "PUT", f"/api/me/watch-later/{video}"),
        Call("library", "GET", "/api/me/watch-later"),
        Call("library", "GET", f"/api/playlists/{playlist}"),
        Call("discover", "GET", "/api/search?q=mill", signed_in=False),
        Call("discover", "GET", "/api/feed/home"),
        Call("discover", "GET", "/api/feed/following"),
        Call("discover", "GET", "/api/feed/trending", signed_in=False),
        Call("docs", "GET", "/api/openapi.json", signed_in=False),
    )
    for call in chosen:
        yield token, gateways, call


def _made(answer: Answer) -> Any:
    if answer.status >= 300:
        raise SystemExit(f"the benchmark's own account cannot be made: {answer.status} {answer.body}")
    return answer.json


def _measured(call: Call, token: str, gateways: dict[str, Gateway]) -> list[str]:
    """Call the route many times; the first call opens connections and is left out."""
    total_ms, own_ms, last, status = [], [], Spent(), 0
    for _ in range(call.times + 1):
        last, spent_s, status = _once(call, token, gateways[call.folder])
        total_ms.append(spent_s * 1000)
        own_ms.append((spent_s - last.waited_s) * 1000)
    tables = {name: count for name, count in last.requests.items() if name.startswith("dynamodb:")}
    others = {name: count for name, count in last.requests.items() if name not in tables}
    path = "/".join("{id}" if len(part) == 26 else part for part in call.path.split("/"))
    times = [f"{value:.1f}" for values in (total_ms[1:], own_ms[1:]) for value in _percentiles(values)]
    return [f"{call.method} {path} ({status})", *times, _listed(tables), _listed(others)]


def _once(call: Call, token: str, gateway: Gateway) -> tuple[Spent, float, int]:
    # Metrics are lines on the standard output, where the tables go.
    with _watched() as spent, redirect_stdout(io.StringIO()):
        started_s = time.perf_counter()
        if call.signed_in:
            answer = gateway.call(call.method, call.path, call.body, Authorization=f"Bearer {token}")
        else:
            answer = gateway.call(call.method, call.path, call.body)
        return spent, time.perf_counter() - started_s, answer.status


def _percentiles(values: list[float]) -> tuple[float, float]:
    cut = statistics.quantiles(values, n=20)
    return statistics.median(values), cut[-1]


def _listed(requests: dict[str, int]) -> str:
    words = [f"{count} {name.split(':')[1]}" for name, count in sorted(requests.items())]
    return ", ".join(words) or "none"


@contextmanager
def _watched() -> Iterator[Spent]:
    """Count every request of every client, and the time that it takes."""
    spent, original = Spent(), BaseClient._make_api_call  # type: ignore[attr-defined] # not in the stubs

    def counted(client: Any, operation: str, arguments: Any) -> Any:
        started_s = time.perf_counter()
        try:
            return original(client, operation, arguments)
        finally:
            spent.requests[f"{client.meta.service_model.service_name}:{operation}"] += 1
            spent.waited_s += time.perf_counter() - started_s

    BaseClient._make_api_call = counted  # type: ignore[attr-defined]
    try:
        yield spent
    finally:
        BaseClient._make_api_call = original  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
