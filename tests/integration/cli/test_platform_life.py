"""A platform from `up` to `down`, and what goes wrong in between."""

import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.supervisor.client import current_report
from scripts.supervisor.messages import Report
from scripts.supervisor.processes import family, is_alive
from tests.integration.cli.conftest import Operator
from tests.integration.emulator.servers import eventually, free_port

STATUS_KEYS = ["emulator", "api_url", "edge_url", "site_url", "rtmp_url", "media_url", "outputs"]

pytestmark = pytest.mark.xdist_group("platform")


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Return somebody whose platform is up."""
    person = Operator(tmp_path_factory.mktemp("home"))
    done = person.run("up", "--emulator-port", "0", "--edge-port", "0")
    try:
        assert done.returncode == 0, done.stderr
        yield person
    finally:
        person.run("down")


def _report(operator: Operator) -> Report:
    report = current_report(operator.home / "run")
    assert report
    return report


def _pid(operator: Operator, name: str) -> int:
    child = _report(operator).child(name)
    assert child
    assert child.identity
    return child.identity.pid


def _assert(fact: bool) -> None:
    assert fact


def test_status_tells_programs_where_everything_is(operator: Operator) -> None:
    status = operator.status()
    assert list(status) == STATUS_KEYS
    assert status["rtmp_url"].startswith("rtmp://127.0.0.1:")
    assert status["api_url"] == status["edge_url"] + "/api"
    assert {"DistributionId", "MediaBucket", "UploadsBucket", "SiteBucket"} <= set(status["outputs"])
    assert httpx.get(status["edge_url"] + "/_edge/health").status_code == 200
    assert httpx.get(status["edge_url"] + "/.well-known/jwks.json").json()["keys"]


def test_the_password_of_the_local_account_is_for_its_owner_only(operator: Operator) -> None:
    file = operator.home / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    credentials = json.loads(file.read_text())
    url = operator.status()["api_url"] + "/auth/sign-in"
    assert httpx.post(url, json=credentials, timeout=30).status_code == 200
    assert credentials["password"] not in "".join(log.read_text() for log in (operator.home / "logs").glob("*.log"))


def test_a_second_up_changes_nothing(operator: Operator) -> None:
    before = _report(operator)
    done = operator.run("up")
    assert done.returncode == 0
    assert "already running" in done.stdout
    assert _report(operator) == before


def test_a_killed_emulator_comes_back_with_its_accounts(operator: Operator) -> None:
    first = _pid(operator, "emulator")
    outputs = operator.status()["outputs"]
    credentials = json.loads((operator.home / "credentials.json").read_text())
    saved = operator.home / "state" / "services" / "dynamodb.json"
    # What happened since the last save is lost with the process.
    eventually(lambda: _assert(credentials["email"] in saved.read_text()), within_s=30)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: _assert(_pid(operator, "emulator") != first), within_s=30)
    eventually(lambda: _assert(operator.status()["outputs"] == outputs), within_s=30)
    done = httpx.post(operator.status()["api_url"] + "/auth/sign-in", json=credentials, timeout=30)
    assert done.status_code == 200


def test_a_failed_upload_says_why(operator: Operator, tmp_path: Path) -> None:
    script = tmp_path / "film.mp4"
    script.write_text("#!/bin/sh\necho not a film\n")
    done = operator.run("upload", str(script), "--wait", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["state"] == "failed"
    last = done.stderr.splitlines()[-1]
    assert last.startswith("millrace: film.mp4: ")


def test_a_log_can_be_read_by_function_and_by_process(operator: Operator) -> None:
    assert "emulator" in operator.run("logs").stdout
    assert operator.run("logs", "edge", "-n", "5").stdout
    assert "REPORT RequestId" in operator.run("logs", "auth").stdout


def test_a_restart_keeps_the_account_and_leaves_no_process(operator: Operator) -> None:
    report = _report(operator)
    pids = family([report.supervisor.pid])
    assert len(pids) >= 3
    done = operator.run("down")
    assert done.returncode == 0, done.stderr
    assert family(pids) == set()
    status = operator.status()
    assert (status["emulator"], status["edge_url"], status["outputs"]) == (None, None, {})
    again = operator.run("up")
    assert again.returncode == 0, again.stderr
    assert "(new)" not in again.stderr


def test_a_killed_supervisor_is_cleared_up_by_down(operator: Operator) -> None:
    report = _report(operator)
    pids = family([report.supervisor.pid])
    os.kill(report.supervisor.pid, signal.SIGKILL)
    eventually(lambda: _assert(not is_alive(report.supervisor)))
    done = operator.run("down")
    assert done.returncode == 0, done.stderr
    assert family(pids) == set()


@pytest.mark.parametrize(("flag", "other"), [("--emulator-port", "--edge-port"), ("--edge-port", "--emulator-port")])
def test_a_port_in_use_is_one_clear_line(tmp_path: Path, flag: str, other: str) -> None:
    operator = Operator(tmp_path / "home")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        done = operator.run("up", flag, port, other, str(free_port()))
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert port in line
    assert flag in line
    assert current_report(operator.home / "run") is None


def test_a_process_that_dies_while_starting_is_one_clear_line(tmp_path: Path) -> None:
    operator = Operator(tmp_path / "home")
    operator.home.mkdir()
    # Where the emulator keeps its state there is a file: it cannot start.
    (operator.home / "state").write_text("in the way")
    done = operator.run("up", "--emulator-port", "0", "--edge-port", "0")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("millrace: the emulator ended with exit code")
    assert "emulator.log" in last
    assert "Traceback" not in done.stderr
    assert current_report(operator.home / "run") is None
