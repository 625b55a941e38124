"""Logs that stay bounded while they are written to."""

from pathlib import Path

import pytest

from scripts.supervisor import logs


def test_the_last_run_is_set_aside(tmp_path: Path) -> None:
    for run in range(6):
        logs.start_log(tmp_path, "edge").write_text(f"run {run}\n")
    assert (tmp_path / "edge.log").read_text() == "run 5\n"
    assert (tmp_path / "edge.log.1").read_text() == "run 4\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["edge.log", "edge.log.1", "edge.log.2", "edge.log.3"]


def test_a_log_is_cut_under_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 100)
    log = logs.start_log(tmp_path, "edge")
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 200 + b"\n")
        logs.bound_log(log)
        writer.write(b"after\n")
    assert log.read_text() == "after\n"
    assert (tmp_path / "edge.log.1").stat().st_size == 201


def test_the_last_lines_are_those_that_say_something(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("one\ntwo\n\nthree\n\n")
    assert logs.last_lines(log, 2) == ["two", "three"]
    assert logs.last_lines(tmp_path / "none", 2) == []
