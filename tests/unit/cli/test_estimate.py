"""`./millrace estimate` tells what a file would cost, or why it is no film."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.millrace_cli import estimate
from scripts.millrace_cli.app import app
from scripts.millrace_cli.console import CommandFailed
from tests.media_fixtures import FFPROBE, make_clip


@pytest.fixture(autouse=True)
def ffprobe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "_ffprobe", lambda: FFPROBE)


def test_a_film_has_a_price(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "film.mp4", seconds=3)
    answer = CliRunner().invoke(app, ["estimate", str(clip), "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["processing"]["usd_micro"] > 0
    assert told["duration_s"] == 3
    assert told["renditions"] == ["180p", "144p"]


def test_the_price_is_told_in_parts(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["estimate", str(make_clip(tmp_path / "film.mp4", seconds=1))])
    assert answer.exit_code == 0, answer.output
    for words in ("GB-seconds", "transitions", "Processing, once", "Keeping it"):
        assert words in answer.stdout


def test_what_is_no_film_is_refused_in_the_same_words_as_by_the_platform(tmp_path: Path) -> None:
    playlist = tmp_path / "film.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:1/secret.ts\n")
    answer = CliRunner().invoke(app, ["estimate", str(playlist)])
    assert answer.exit_code != 0
    assert isinstance(answer.exception, CommandFailed)
    assert "HLS playlist" in str(answer.exception)
