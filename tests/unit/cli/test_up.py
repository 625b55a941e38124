"""What `up` looks at before it starts anything."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.millrace_cli import processes, up
from scripts.millrace_cli.console import CommandFailed
from scripts.millrace_cli.home import Home, Settings
from scripts.millrace_cli.processes import PROCESSES
from scripts.millrace_cli.running import all_running


class Usage(NamedTuple):
    """What shutil says about a disk."""

    total: int
    used: int
    free: int


def test_a_full_disk_is_named_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10, 9, 2 * 1024**3 - 1))
    with pytest.raises(CommandFailed, match=r"2\.0 GB are free .* MILLRACE_HOME"):
        up._check_disk(tmp_path / "home")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10, 9, 2 * 1024**3))
    up._check_disk(tmp_path / "home")


def test_every_process_can_be_told_apart_and_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "unpack_layer", lambda *_: tmp_path)
    settings = Settings()
    outputs = {"DistributionId": "E1", "MediaBucket": "m", "LiveMediaTable": "t", "IngestSecret": "s"}
    specs = [process.spec(Home(tmp_path), settings, outputs) for process in PROCESSES]
    assert len({spec.name for spec in specs}) == len(PROCESSES)
    assert [spec.name for spec in specs] == [process.name for process in PROCESSES]
    assert len({process.port(settings) for process in PROCESSES}) == len(PROCESSES)
    assert not all_running(None)
