"""Storage, tables and encoders fail; what was taken is published, or the streamer hears why not."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from millrace.live.edge.model import Edge, Segment
from millrace.live.errors import LeaseLost, LiveUnavailable
from millrace.media.flv import FlvTag
from millrace.platform.ids import LiveSessionId
from rtmp_ingest import patience, uploader
from rtmp_ingest.shedding import Shed
from rtmp_ingest.transcoder import Transcoder
from tests.integration.ingest.studio import Shelf, Studio, publish, tags_of, threads
from tests.integration.ingest.test_publishers import assert_sound
from tests.media_fixtures.live_clip import publishable

ROOT = Path(__file__).parents[3]
DEADLINE_S = 60


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publishable(tmp_path_factory.mktemp("clip") / "a.flv", seconds=8)


def _run(scene: Callable[[Studio], Awaitable[None]], shelf: Shelf) -> Studio:
    """Play a scene with a studio of its own."""

    async def play() -> Studio:
        with threads() as pool:
            studio = Studio(shelf, pool)
            async with asyncio.timeout(DEADLINE_S * 2):
                await scene(studio)
                await studio.close()
            return studio

    return asyncio.run(play())


async def _eventually(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not fact():  # noqa: ASYNC110 -- what is waited for happens in other processes
            await asyncio.sleep(0.02)


def _pid(transcoder: Transcoder | None) -> int:
    assert transcoder is not None
    assert transcoder._process is not None
    return transcoder._process.pid


class _FailingShelf(Shelf):
    """Storage and table that fail while `fails` is set, or every second time."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = threading.Event()
        self.failures = 0
        self.is_moody = False

    def put(self, key: str, data: bytes) -> None:
        self.failures += 1
        if self.fails.is_set() or (self.is_moody and self.failures % 2):
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        super().put(key, data)

    def put_edge(self, edge: Edge) -> None:
        self.failures += 1
        if self.is_moody and self.failures % 2:
            raise LiveUnavailable
        super().put_edge(edge)

    def put_segment(self, session_id: LiveSessionId, epoch: int, segment: Segment) -> None:
        self.failures += 1
        if self.is_moody and self.failures % 2:
            raise LiveUnavailable
        super().put_segment(session_id, epoch, segment)


def test_storage_that_fails_for_a_while_costs_nothing(clip: Path, tmp_path: Path) -> None:
    shelf = _FailingShelf()

    async def scene(studio: Studio) -> None:
        tags = tags_of(clip)
        await studio.send(tags[:200])
        await _eventually(lambda: bool(shelf.segments))
        shelf.fails.set()
        named = len(shelf.segments)
        await studio.send(tags[200:])
        await _eventually(lambda: studio.uploader.retries > 3)
        # What could not be stored is not named either.
        assert len(shelf.segments) - named <= 1
        shelf.fails.clear()

    studio = _run(scene, shelf)
    assert_sound(shelf)
    assert not studio.dismissals
    assert shelf.frame_count("video_source", tmp_path) == 240


def test_throttled_storage_and_tables_cost_nothing(clip: Path, tmp_path: Path) -> None:
    shelf = _FailingShelf()
    shelf.is_moody = True
    _, studio = publish(tags_of(clip), shelf=shelf)
    assert_sound(shelf)
    assert not studio.dismissals
    assert shelf.frame_count("video_source", tmp_path) == 240


def test_storage_that_hangs_slows_the_publisher_down_and_fills_no_memory(clip: Path) -> None:
    shelf = Shelf()
    opened = threading.Event()
    put = shelf.put

    def hang(key: str, data: bytes) -> None:
        assert opened.wait(DEADLINE_S)
        put(key, data)

    shelf.put = hang  # type: ignore[method-assign]

    async def scene(studio: Studio) -> None:
        studio.uploader._limit_bytes = 200_000
        tags = tags_of(clip) * 40
        sending = asyncio.create_task(studio.send(_rising(tags)))
        await _eventually(lambda: studio.stream.period is not None and studio.stream.period.main.is_full)
        await asyncio.sleep(0.3)
        assert not sending.done()
        # Who is held up is not silent: nobody else gets the session because of it.
        assert studio.stream.is_busy
        # One part of each track may be on its way beyond the limit, and what ffmpeg and its pipes hold.
        assert studio.uploader.backlog_bytes < 400_000
        opened.set()
        sending.cancel()

    _run(scene, shelf)
    assert not shelf.faults


def _rising(tags: list[FlvTag]) -> list[FlvTag]:
    """Repeat a clip as an encoder would go on."""
    per_round = len(tags) // 40
    return [replace(tag, timestamp_ms=tag.timestamp_ms + number // per_round * 8000) for number, tag in enumerate(tags)]


def test_an_encoder_that_dies_is_replaced(clip: Path) -> None:
    shelf = Shelf()

    async def scene(studio: Studio) -> None:
        tags = tags_of(clip)
        await studio.send(tags[:300])
        await _eventually(lambda: bool(shelf.segments))
        period = studio.stream.period
        assert period is not None
        os.kill(_pid(period.main), signal.SIGKILL)
        await _eventually(lambda: period.has_died)
        await studio.send(tags[300:])

    studio = _run(scene, shelf)
    assert_sound(shelf)
    assert not studio.dismissals
    assert sorted(shelf.periods) == [0, 1]
    # The publisher's next key frame begins the new period; only what lies between is lost.
    last = shelf.segments[-1]
    assert last.period == 1
    assert set(last.tracks) == {"video_source", "video_60p", "audio"}


def test_encoders_that_always_die_end_the_stream(clip: Path) -> None:
    shelf = Shelf()

    async def scene(studio: Studio) -> None:
        studio.stream.deaths = 5
        tags = tags_of(clip)
        await studio.send(tags[:100])
        period = studio.stream.period
        assert period is not None
        os.kill(_pid(period.main), signal.SIGKILL)
        await _eventually(lambda: period.has_died)
        await studio.send(tags[100:])

    studio = _run(scene, shelf)
    assert studio.dismissals == ["what you send cannot be decoded: check your encoder's settings"]


def test_a_rendition_that_cannot_keep_up_goes_and_the_stream_stays(clip: Path, tmp_path: Path) -> None:
    shelf = Shelf()

    async def scene(studio: Studio) -> None:
        tags = tags_of(clip)
        await studio.send(tags[:200])
        await _eventually(lambda: "video_60p" in shelf.edges)
        period = studio.stream.period
        assert period is not None
        ladder = period.ladder
        assert ladder is not None
        os.kill(_pid(ladder), signal.SIGSTOP)
        # Whatever came out of it before, this is 2.6 seconds more.
        await studio.send(tags[200:400])
        assert period.behind_ms(ladder) > 2000
        studio.stream._to_shed = Shed.ALL
        await studio.send(tags[400:])
        assert studio.stream.dropped == ("video_60p",)

    studio = _run(scene, shelf)
    assert_sound(shelf)
    assert not studio.dismissals
    dropped = {track.name: track.dropped_at_segment for track in shelf.periods[0].tracks}
    assert dropped["video_60p"] is not None
    assert dropped["video_source"] is None
    assert shelf.frame_count("video_source", tmp_path) == 240
    assert "video_60p" not in shelf.segments[-1].tracks


def test_renditions_whose_encoder_dies_go_and_the_stream_stays(clip: Path, tmp_path: Path) -> None:
    shelf = Shelf()

    async def scene(studio: Studio) -> None:
        tags = tags_of(clip)
        await studio.send(tags[:200])
        await _eventually(lambda: "video_60p" in shelf.edges)
        period = studio.stream.period
        assert period is not None
        ladder = period.ladder
        assert ladder is not None
        os.kill(_pid(ladder), signal.SIGKILL)
        await _eventually(lambda: ladder.has_died)
        studio.stream.check(0)
        await studio.send(tags[200:])

    studio = _run(scene, shelf)
    assert_sound(shelf)
    assert not studio.dismissals
    assert studio.stream.dropped == ("video_60p",)
    assert sorted(shelf.periods) == [0]
    assert shelf.frame_count("video_source", tmp_path) == 240


def test_one_rendition_of_two_goes_and_the_other_has_no_gap(clip: Path, tmp_path: Path) -> None:
    shelf = Shelf()

    async def play() -> Studio:
        with threads() as pool:
            studio = Studio(shelf, pool, ladder=(72, 60))
            tags = tags_of(clip)
            await studio.send(tags[:100])
            studio.stream._to_shed = Shed.ONE
            await studio.send(tags[100:])
            await studio.close()
            return studio

    studio = asyncio.run(play())
    assert_sound(shelf)
    assert studio.stream.dropped == ("video_72p",)
    assert shelf.frame_count("video_source", tmp_path) == 240
    assert shelf.frame_count("video_60p", tmp_path) == 240
    whole = {"video_source", "video_60p", "audio"}
    assert [set(segment.tracks) - whole for segment in shelf.segments[:1]] == [{"video_72p"}]
    assert set(shelf.segments[-1].tracks) == whole


def test_a_session_that_was_taken_over_is_left_at_once(clip: Path) -> None:
    shelf = Shelf()

    def refuse(edge: Edge) -> None:
        raise LeaseLost(edge.session_id)

    async def scene(studio: Studio) -> None:
        tags = tags_of(clip)
        await studio.send(tags[:200])
        await _eventually(lambda: bool(shelf.segments))
        shelf.put_edge = refuse  # type: ignore[method-assign]
        await studio.send(tags[200:300])
        await _eventually(lambda: studio.publication.failure is not None)
        await studio.send(tags[300:])

    studio = _run(scene, shelf)
    assert studio.dismissals == ["the stream was taken over by another connection, or has ended"]
    assert not shelf.faults


def test_storage_that_is_gone_ends_the_stream_with_a_reason(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploader, "GIVE_UP_AFTER_S", 0.3)
    shelf = _FailingShelf()
    shelf.fails.set()

    async def scene(studio: Studio) -> None:
        tags = tags_of(clip)
        await studio.send(tags[:200])
        await _eventually(lambda: studio.publication.failure is not None)
        await studio.send(tags[200:])

    studio = _run(scene, shelf)
    assert studio.dismissals == ["the platform cannot store the stream at the moment: please try again"]
    assert not shelf.objects
    assert not shelf.segments


def test_a_table_that_is_gone_ends_the_stream_with_a_reason(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "GIVE_UP_AFTER_S", 0.3)
    shelf = Shelf()

    def refuse(edge: Edge) -> None:
        raise LiveUnavailable

    shelf.put_edge = refuse  # type: ignore[method-assign]

    async def scene(studio: Studio) -> None:
        tags = tags_of(clip)
        await studio.send(tags[:200])
        await _eventually(lambda: studio.publication.failure is not None)
        await studio.send(tags[200:])

    studio = _run(scene, shelf)
    assert studio.dismissals == ["the platform cannot store the stream at the moment: please try again"]
    assert not shelf.segments


def test_a_full_disk_stops_nothing(clip: Path) -> None:
    # A limit of zero bytes for every file that the process or its encoders may write.
    script = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
from pathlib import Path
from tests.integration.ingest.studio import publish, tags_of
shelf, studio = publish(tags_of(Path(sys.argv[1])))
assert len(shelf.segments) == 4 and not shelf.faults and not studio.dismissals
"""
    path = os.pathsep.join(str(ROOT / folder) for folder in ("layers/core/python", "."))
    run = subprocess.run(
        [sys.executable, "-B", "-c", script, str(clip)],
        env={"PATH": os.defpath, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S * 2,
        check=False,
    )
    assert run.returncode == 0, run.stderr
