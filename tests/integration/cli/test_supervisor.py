"""Processes that are kept running, and none that is left over."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.supervisor import client
from scripts.supervisor.messages import ProcessSpec, Report
from scripts.supervisor.processes import family, is_alive
from tests.integration.emulator.servers import eventually

# A process with a child, an orphan, and a descendant that has left its session: all of them must go with it.
RESTLESS = "(sleep 600 &); setsid sleep 600 & echo started; exec sleep 600"


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[Path]:
    """Return a run folder whose path is longer than a Unix socket's address may be, supervised."""
    folder = tmp_path / ("long" * 30) / "run"
    client.start_supervisor(folder, tmp_path / "logs")
    yield folder
    left = client.leftovers(folder)
    if left:
        client.clear_leftovers(left)
    client.shut_down(folder)


def _report(run_dir: Path) -> Report:
    report = client.current_report(run_dir)
    assert report
    return report


def _start(run_dir: Path, tmp_path: Path, script: str = RESTLESS) -> int:
    client.start_process(run_dir, ProcessSpec("worker", ("sh", "-c", script)))
    log = tmp_path / "logs" / "worker.log"
    if script == RESTLESS:
        eventually(lambda: _assert("started" in log.read_text()))
    child = _report(run_dir).child("worker")
    assert child
    return child.identity.pid if child.identity else 0


def _assert(fact: bool) -> None:
    assert fact


def test_a_killed_process_is_started_again_and_its_descendants_are_not_doubled(run_dir: Path, tmp_path: Path) -> None:
    first = _start(run_dir, tmp_path)
    supervisor = _report(run_dir).supervisor.pid
    eventually(lambda: _assert(len(family([supervisor])) == 4))
    os.kill(first, signal.SIGKILL)

    def restarted() -> None:
        child = _report(run_dir).child("worker")
        assert child
        assert child.identity
        assert (child.state, child.restarts, child.exit_code) == ("running", 1, -signal.SIGKILL)
        assert child.identity.pid != first
        assert len(family([supervisor])) == 4

    eventually(restarted)


def test_what_dies_at_once_is_given_up(run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _start(run_dir, tmp_path, "echo broken; exit 7")

    def given_up() -> None:
        child = _report(run_dir).child("worker")
        assert child
        assert (child.state, child.exit_code, child.restarts) == ("failed", 7, 5)

    # 0.5 + 1 + 2 + 4 + 8 seconds of patience.
    eventually(given_up, within_s=40)
    assert (tmp_path / "logs" / "worker.log").read_text().count("broken") == 6


def test_what_cannot_be_started_has_failed(run_dir: Path, tmp_path: Path) -> None:
    client.start_process(run_dir, ProcessSpec("worker", (str(tmp_path / "no such program"),)))
    child = _report(run_dir).child("worker")
    assert child
    assert (child.state, child.exit_code) == ("failed", 127)


def test_shutting_down_leaves_no_process(run_dir: Path, tmp_path: Path) -> None:
    _start(run_dir, tmp_path)
    supervisor = _report(run_dir).supervisor
    descendants = family([supervisor.pid])
    assert len(descendants) == 4
    client.shut_down(run_dir)
    assert not is_alive(supervisor)
    assert family(descendants) == set()
    assert client.current_report(run_dir) is None


def test_a_process_that_will_not_end_is_killed(run_dir: Path, tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    spec = ProcessSpec("stubborn", ("sh", "-c", script), stop_timeout_s=0.5)
    client.start_process(run_dir, spec)
    eventually(lambda: _assert("ready" in (tmp_path / "logs" / "stubborn.log").read_text()))
    child = _report(run_dir).child("stubborn")
    assert child
    assert child.identity
    client.shut_down(run_dir)
    assert not is_alive(child.identity)


def test_a_killed_supervisor_leaves_what_the_next_command_can_clear(run_dir: Path, tmp_path: Path) -> None:
    worker = _start(run_dir, tmp_path)
    os.kill(_report(run_dir).supervisor.pid, signal.SIGKILL)
    eventually(lambda: _assert(client.current_report(run_dir) is None))
    left = client.leftovers(run_dir)
    assert left
    client.clear_leftovers(left)
    assert family([worker]) == set()
    assert client.leftovers(run_dir) is None
