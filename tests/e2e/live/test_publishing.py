"""What an encoder publishes is what viewers get, through everything that may happen on the way."""

import json
import os
import signal
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from scripts.supervisor.client import current_report
from tests.e2e.conftest import TIMEOUT_S, Creator
from tests.e2e.live.publisher import Stage, eventually, new_stage
from tests.media_fixtures.live_clip import publishable
from tests.media_fixtures.tools import FFPROBE


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publishable(tmp_path_factory.mktemp("live") / "clip.flv", seconds=10)


@pytest.fixture
def stage(creator: Creator) -> Stage:
    return new_stage(creator, f"live-{uuid4().hex[:12]}")


def _segments(stage: Stage, session: dict[str, str], track: str = "video_source") -> list[str]:
    lines = stage.playlist(session, f"{track}/media.m3u8").splitlines()
    return [line for line in lines if line.startswith("/media/") and line.endswith(".m4s")]


def _frame_count(stage: Stage, session: dict[str, str], folder: Path) -> int:
    """Count the frames of the source's segments, fetched as a player does."""
    film = b""
    prefix = _segments(stage, session)[0].rsplit("/", 1)[0]
    for name in (f"{prefix}/init_0.mp4", *_segments(stage, session)):
        answer = requests.get(stage.platform.edge_url + name, timeout=TIMEOUT_S)
        assert answer.status_code == 200, name
        film += answer.content
    path = folder / "film.mp4"
    path.write_bytes(film)
    argv = [FFPROBE, "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames"]
    found = subprocess.run([*argv, "-of", "json", str(path)], check=True, capture_output=True, timeout=60).stdout
    return int(json.loads(found)["streams"][0]["nb_read_frames"])


def test_a_published_stream_can_be_watched(stage: Stage, clip: Path, tmp_path: Path) -> None:
    with stage.publishing(clip):
        session = stage.live()
        eventually(lambda: stage.segment_count(session) >= 2)
        assert "video_source/media.m3u8" in stage.playlist(session, "main.m3u8")
        count = len(_segments(stage, session))
        assert _frame_count(stage, session, tmp_path) >= 60 * count
        part = next(line for line in stage.playlist(session, "audio/media.m3u8").splitlines() if "EXT-X-PART:" in line)
        uri = part.split('URI="')[1].split('"')[0]
        assert requests.get(stage.platform.edge_url + uri, timeout=TIMEOUT_S).content[4:8] == b"moof"


def test_a_lost_publisher_comes_back_to_the_same_session(stage: Stage, clip: Path) -> None:
    with stage.publishing(clip) as encoder:
        session = stage.live()
        eventually(lambda: stage.segment_count(session) >= 1)
        encoder.kill()
        stage.live("interrupted")
    before = _segments(stage, session)
    with stage.publishing(clip):
        again = stage.live()
        assert again["session_id"] == session["session_id"]
        assert again["epoch"] > session["epoch"]
        eventually(lambda: len(_segments(stage, session)) > len(before) + 1)
    playlist = stage.playlist(session, "video_source/media.m3u8")
    assert _segments(stage, session)[: len(before)] == before
    assert playlist.count("#EXT-X-DISCONTINUITY\n") == 1
    assert "init_1.mp4" in playlist


def test_a_second_publisher_of_a_key_is_refused_and_the_first_goes_on(stage: Stage, clip: Path) -> None:
    with stage.publishing(clip):
        session = stage.live()
        assert subprocess.run(stage.argv(clip), timeout=60, check=False).returncode != 0
        count = stage.segment_count(session)
        eventually(lambda: stage.segment_count(session) > count)
    assert [each["epoch"] for each in stage.sessions()] == [session["epoch"]]


def test_a_wrong_key_publishes_nothing(stage: Stage, clip: Path) -> None:
    wrong = stage.argv(clip, key="live_" + "x" * 52)
    assert subprocess.run(wrong, timeout=60, check=False).returncode != 0
    assert stage.sessions() == []


def test_nothing_shown_is_lost_when_the_ingest_is_killed(stage: Stage, clip: Path) -> None:
    with stage.publishing(clip):
        session = stage.live()
        eventually(lambda: stage.segment_count(session) >= 2)
        shown = _segments(stage, session)
        report = current_report(stage.platform.home / "run")
        child = report.child("ingest") if report else None
        assert child is not None
        assert child.identity is not None
        os.kill(child.identity.pid, signal.SIGKILL)
        # The lease of the dead ingest runs out in seconds; the encoder comes back until somebody takes it.
        eventually(lambda: stage.live()["epoch"] > session["epoch"])
        eventually(lambda: len(_segments(stage, session)) > len(shown) + 1)
    assert len(stage.sessions()) == 1
    playlist = stage.playlist(session, "video_source/media.m3u8")
    assert _segments(stage, session)[: len(shown)] == shown
    for name in _segments(stage, session):
        assert requests.get(stage.platform.edge_url + name, timeout=TIMEOUT_S).status_code == 200
    assert "#EXT-X-DISCONTINUITY\n" in playlist
