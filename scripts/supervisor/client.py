"""Talk to the supervisor of a run folder, start one, and clear up after one that was killed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from scripts.checkout import ROOT
from scripts.supervisor.logs import start_log
from scripts.supervisor.messages import ProcessSpec, Report, parse_report, read_report
from scripts.supervisor.processes import identify, is_alive, stop
from scripts.supervisor.server import REPORT_NAME, SOCKET_NAME

_START_TIMEOUT_S = 15.0
_ANSWER_TIMEOUT_S = 90.0


class SupervisorError(Exception):
    """The supervisor does not start or does not answer."""


def current_report(run_dir: Path) -> Report | None:
    """Return how the processes are doing, None if nobody supervises."""
    report = read_report(run_dir / REPORT_NAME)
    return report if report and is_alive(report.supervisor) else None


def leftovers(run_dir: Path) -> Report | None:
    """Return the report of a supervisor that is gone while a child of its still runs."""
    report = read_report(run_dir / REPORT_NAME)
    if report is None or is_alive(report.supervisor):
        return None
    return report if any(child.identity and is_alive(child.identity) for child in report.children) else None


def clear_leftovers(report: Report) -> None:
    """Stop what a killed supervisor left behind, the last started first."""
    for child in reversed(report.children):
        if child.identity:
            stop(child.identity, child.spec.stop_timeout_s)


def start_supervisor(run_dir: Path, log_dir: Path) -> Report:
    """Start a supervisor that outlives this process and its terminal."""
    run_dir.mkdir(parents=True, exist_ok=True)
    run_dir.chmod(0o700)
    (run_dir / SOCKET_NAME).unlink(missing_ok=True)
    log = start_log(log_dir, "supervisor")
    with log.open("ab") as output:
        said = subprocess.run(
            [sys.executable, "-m", "scripts.supervisor.server", str(run_dir), str(log_dir)],
            check=False,
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        ).stdout
    identity = identify(int(said)) if said.strip().isdigit() else None
    deadline = time.monotonic() + _START_TIMEOUT_S
    while identity and is_alive(identity) and time.monotonic() < deadline:
        report = current_report(run_dir)
        if report and report.supervisor == identity and (run_dir / SOCKET_NAME).exists():
            return report
        time.sleep(0.02)
    raise SupervisorError(f"the supervisor did not start: see {log}")


def _environment() -> dict[str, str]:
    """Return ours without the user's settings for AWS: nothing on this machine may act on their account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_") or name == "AWS_CA_BUNDLE"}


def start_process(run_dir: Path, spec: ProcessSpec) -> Report:
    """Have a process started (again, if it runs)."""
    return _ask(run_dir, {"do": "start", "process": asdict(spec)})


def shut_down(run_dir: Path) -> None:
    """Have every process stopped; return when the supervisor is gone."""
    report = current_report(run_dir)
    if report is None:
        return
    try:
        _ask(run_dir, {"do": "shutdown"})
    except SupervisorError:
        stop(report.supervisor, _ANSWER_TIMEOUT_S)
        clear_leftovers(report)
    deadline = time.monotonic() + 10
    while is_alive(report.supervisor) and time.monotonic() < deadline:
        time.sleep(0.02)


def _ask(run_dir: Path, request: dict[str, object]) -> Report:
    try:
        with _connected(run_dir) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        answer = json.loads(received)
        report = parse_report(answer["report"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SupervisorError(f"the supervisor does not answer ({error})") from error
    if answer["error"]:
        raise SupervisorError(f"the supervisor refused: {answer['error']}")
    return report


@contextmanager
def _connected(run_dir: Path) -> Iterator[socket.socket]:
    """Connect by way of an open folder: the socket's full path may be longer than an address can be."""
    folder = os.open(run_dir, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_TIMEOUT_S)
            connection.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
            yield connection
    finally:
        os.close(folder)
