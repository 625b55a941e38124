"""Start the edge as its users do: a process of its own."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.integration.emulator.servers import REPOSITORY, eventually, free_port


@dataclass
class EdgeProcess:
    """A running edge."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def reload(self) -> None:
        """Let the edge look at what is deployed, now."""
        httpx.post(f"{self.url}/_edge/reload").raise_for_status()

    def health(self) -> Any:
        return httpx.get(f"{self.url}/_edge/health").json()

    def stats(self, distribution_id: str, pattern: str) -> Any:
        """Return the counters of a behaviour; empty before its first request."""
        report = httpx.get(f"{self.url}/_edge/stats").json()
        return report["distributions"].get(distribution_id, {}).get(pattern, {})


@contextlib.contextmanager
def running(endpoint: str, directory: Path, *arguments: str, poll_s: float = 0.3) -> Iterator[EdgeProcess]:
    """Run an edge until the block ends."""
    port = free_port()
    log = directory / f"edge-{port}.log"
    command = [sys.executable, "-m", "edge", "--endpoint", endpoint, "--port", str(port), "--poll", str(poll_s)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["PYTHONPATH"] = str(REPOSITORY / "localstack")
    with log.open("wb") as stream:
        process = subprocess.Popen([*command, *arguments], env=environment, stdout=stream, stderr=stream)
    edge = EdgeProcess(port, process, log)
    try:
        eventually(lambda: _assert_listening(edge), within_s=30)
        yield edge
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _assert_listening(edge: EdgeProcess) -> None:
    assert edge.process.poll() is None, edge.log.read_text()[-3000:]
    try:
        edge.health()
    except httpx.TransportError as error:
        raise AssertionError(str(error)) from error
