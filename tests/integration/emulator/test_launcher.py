"""The command: what it refuses, in one line."""

import os
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.integration.emulator.servers import REPOSITORY, Server, emulator_python


def run(*arguments: str, first_on_path: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = [str(first_on_path)] if first_on_path else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, str(REPOSITORY / "localstack")])}
    return subprocess.run(
        [str(emulator_python()), "-m", "emulator", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_port_in_use_is_one_clear_line_and_touches_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = run(f"--port={port}", f"--state={tmp_path / 'state'}")

    assert ended.returncode == 1
    assert ended.stderr == f"emulator: 127.0.0.1:{port} cannot be used: Address already in use\n"
    assert not (tmp_path / "state").exists()


def test_another_version_of_ministack_is_refused(tmp_path: Path) -> None:
    metadata = tmp_path / "ministack-9.9.9.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ministack\nVersion: 9.9.9\n")

    ended = run("--port=1", f"--state={tmp_path / 'state'}", first_on_path=tmp_path)

    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "9.9.9 is installed" in ended.stderr


def test_an_address_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    ended = run("--host=0.0.0.0", f"--state={tmp_path / 'state'}")

    assert ended.returncode == 2
    assert "'0.0.0.0' is not a loopback address" in ended.stderr


def test_an_interpreter_that_is_not_there_is_refused(tmp_path: Path) -> None:
    ended = run(f"--state={tmp_path / 'state'}", f"--lambda-python={tmp_path / 'python'}")

    assert (ended.returncode, ended.stderr) == (
        1,
        f"emulator: --lambda-python {tmp_path / 'python'} is not an executable file\n",
    )


def status(server: Server, **headers: str) -> int:
    request = urllib.request.Request(f"{server.endpoint}/_ministack/health", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        return error.code


def test_pages_of_other_sites_are_refused(server: Server) -> None:
    assert status(server, Origin="https://evil.test") == 403
    assert status(server, Origin="null") == 403
    assert status(server, Host="evil.test:4566") == 403, "a name that was made to point to this machine"


def test_pages_and_programs_of_this_machine_are_welcome(ours: Server) -> None:
    for origin in ("http://localhost:8080", "http://127.0.0.1:8080", "http://d123.cloudfront.localhost:8080"):
        assert status(ours, Origin=origin) == 200
    for host in ("localhost:4566", "bucket.s3.localhost:4566", "abcd1234.execute-api.us-east-1.amazonaws.com"):
        assert status(ours, Host=host) == 200


def test_the_edge_passes_on_the_requests_of_any_page(ours: Server) -> None:
    edge = {"X-Amz-Cf-Id": "abc"}
    assert status(ours, Origin="https://fan.test", **edge) == 200
    assert status(ours, Host="evil.test:4566", **edge) == 403


def test_help_names_every_option() -> None:
    text = run("--help").stdout

    assert all(option in text for option in ("--host", "--port", "--state", "--lambda-python", "--save-interval"))


def test_the_pinned_version_is_the_required_one() -> None:
    from emulator.upstream import PINNED_VERSION

    assert f"ministack=={PINNED_VERSION}" in (REPOSITORY / "requirements/emulator.txt").read_text()
