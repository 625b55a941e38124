"""What a person sees who runs a command."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.checkout import ROOT
from scripts.millrace_cli.app import app


def _millrace(home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "AWS_"))}
    return subprocess.run(
        [str(ROOT / "millrace"), *arguments],
        check=False,
        cwd="/",
        env={**quiet, "MILLRACE_HOME": str(home), **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_status_for_programs_has_all_its_keys_before_anything_runs(tmp_path: Path) -> None:
    done = _millrace(tmp_path / "home", "status", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "emulator": None,
        "api_url": None,
        "edge_url": None,
        "site_url": None,
        "rtmp_url": None,
        "media_url": None,
        "outputs": {},
    }
    assert not (tmp_path / "home").exists(), "asking changes nothing"


def test_down_says_that_nothing_runs(tmp_path: Path) -> None:
    done = _millrace(tmp_path, "down")
    assert (done.returncode, done.stdout.strip()) == (0, "Millrace is not running.")


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("up",),
        ("down",),
        ("status",),
        ("deploy",),
        ("logs",),
        ("upload",),
        ("identity-provider",),
        ("doctor",),
    ],
)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("deploy",), "./millrace up"),
        (("identity-provider",), "./millrace up"),
        (("deploy", "--parameter", "Stage"), "KEY=VALUE"),
        (("logs", "catalog"), "not running"),
        (("upload", str(ROOT / "LICENSE")), "not running"),
        (
            ("upload", str(ROOT / "LICENSE"), "--email", "a@b.example", "--api-url", "http://127.0.0.1:9"),
            "both or neither",
        ),
        (
            ("upload", str(ROOT / "LICENSE"), "--api-url", "http://127.0.0.1:9", "--email", "a@b.c", "--password", "x"),
            "API",
        ),
    ],
)
def test_a_failure_is_one_line(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    done = _millrace(tmp_path, *arguments)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("millrace: ")
    assert reason in lines[0]


def test_debug_shows_where_it_happened(tmp_path: Path) -> None:
    done = _millrace(tmp_path, "--debug", "deploy")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_aws_is_never_confused_with_an_emulator(tmp_path: Path) -> None:
    done = _millrace(tmp_path, "deploy", "--aws", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "AWS_ENDPOINT_URL" in done.stderr
