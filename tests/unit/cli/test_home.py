"""What a platform remembers, and that only one command changes it at a time."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.checkout import ROOT
from scripts.millrace_cli.console import CommandFailed
from scripts.millrace_cli.home import Home, Settings, is_free

HOLD = """
import sys
from pathlib import Path
from scripts.millrace_cli.home import Home
with Home(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _no_ports_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILLRACE_EMULATOR_PORT", raising=False)
    monkeypatch.delenv("MILLRACE_EDGE_PORT", raising=False)
    monkeypatch.delenv("MILLRACE_RTMP_PORT", raising=False)
    monkeypatch.delenv("MILLRACE_INGEST_PORT", raising=False)


def test_ports_are_the_usual_ones_at_first(tmp_path: Path) -> None:
    assert Home(tmp_path).choose_ports(None, None) == Settings(emulator_port=4566, edge_port=8080)


def test_a_choice_is_remembered_and_a_flag_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    home.save(Settings(1111, 2222))
    assert home.choose_ports(None, None) == Settings(1111, 2222)
    monkeypatch.setenv("MILLRACE_EDGE_PORT", "3333")
    assert home.choose_ports(None, None) == Settings(1111, 3333)
    assert home.choose_ports(None, 4444) == Settings(1111, 4444)


def test_zero_picks_a_free_port_and_keeps_to_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.choose_ports(0, 0)
    assert first.emulator_port != first.edge_port
    assert is_free(first.edge_port)
    home.save(first)
    assert home.choose_ports(0, 0) == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.edge_port))
        assert home.choose_ports(0, 0).edge_port != first.edge_port


def test_a_port_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_EMULATOR_PORT", "http")
    with pytest.raises(CommandFailed, match="MILLRACE_EMULATOR_PORT"):
        Home(tmp_path).choose_ports(None, None)


def test_broken_settings_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{")
    assert Home(tmp_path).settings() == Settings()


def test_two_commands_do_not_race(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(CommandFailed, match=f"process {holder.pid}"), Home(tmp_path).locked():
        pass
    # A killed command holds nothing.
    holder.kill()
    holder.communicate()
    with Home(tmp_path).locked():
        pass


def test_a_platform_beside_another_has_all_its_ports_to_itself(tmp_path: Path) -> None:
    chosen = Home(tmp_path).choose_ports(0, None)
    assert (chosen.edge_port, Settings().rtmp_port, Settings().ingest_port) == (8080, 1935, 8081)
    assert chosen.rtmp_port != 1935
    assert chosen.ingest_port != 8081
    assert Home(tmp_path).choose_ports(0, None, 4000).rtmp_port == 4000
