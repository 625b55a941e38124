"""The ingest keeps its sessions by the platform's API, and does what the platform says."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from millrace.live.edge.model import Edge
from millrace.platform.ids import LiveSessionId
from rtmp_ingest import ingest as ingest_module
from rtmp_ingest.api_client import ApiClient
from rtmp_ingest.ingest import Ingest, IngestSink, Tools
from rtmp_ingest.rtmp.publishing import Client, Ending, EndingKind, Refusal
from tests.integration.ingest.studio import PLACE, SESSION, Shelf, tags_of, threads
from tests.media_fixtures.live_clip import publishable
from tests.media_fixtures.tools import FFMPEG

DEADLINE_S = 60
STOPPED = Ending(EndingKind.UNPUBLISHED, "the publisher stopped")
LOST = Ending(EndingKind.LOST, "the connection was closed")


class Table(Shelf):
    """The table, with what a former ingest left in it."""

    before: Mapping[str, Edge] = {}

    def edges_of(self, _session_id: LiveSessionId) -> Mapping[str, Edge]:
        return self.before


class Platform:
    """The platform's API: it grants, and answers beats as the test wants."""

    def __init__(self, **grant: object) -> None:
        self.grant = {
            "session_id": SESSION,
            "video_id": PLACE.video_id,
            "home": "public",
            "epoch": 1,
            "period": 0,
            "next_segment": 1,
            **grant,
        }
        self.calls: list[str] = []
        self.beats: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.beat_answer = (200, {"command": "go_on"})
        self.open_answer: tuple[int, object] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer secret"
        body = json.loads(request.content)
        verb = request.url.path.rsplit("/", 1)[-1]
        if verb == "sessions":
            self.keys.append(body["stream_key"])
            status, answer = self.open_answer or (201, self.grant)
            return httpx.Response(status, json=answer)
        assert body["epoch"] == self.grant["epoch"]
        if verb == "beat":
            self.beats.append(body)
            return httpx.Response(self.beat_answer[0], json=self.beat_answer[1])
        self.calls.append(verb)
        return httpx.Response(200, json={"command": "go_on"})


class Publisher:
    """An encoder on the other end of a connection."""

    app = "live"
    key = "live_key"
    client = Client("127.0.0.1", 4000, "OBS", is_encrypted=False)
    received_bytes = 0

    def __init__(self, **parameters: str) -> None:
        self.parameters = parameters
        self.told: list[str] = []

    def disconnect(self, reason: str) -> None:
        self.told.append(reason)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publishable(tmp_path_factory.mktemp("clip") / "a.flv")


@pytest.fixture(autouse=True)
def _beats_come_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_module, "BEAT_S", 0.05)
    monkeypatch.setattr(ingest_module, "CHECK_S", 0.05)


async def _eventually(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not fact():  # noqa: ASYNC110 -- what is waited for happens in other processes
            await asyncio.sleep(0.02)


def _play(
    platform: Platform,
    scene: Callable[[IngestSink], Awaitable[None]],
    *,
    publisher: Publisher | None = None,
    table: Table | None = None,
) -> Table:
    """Let a publisher in, play the scene with its sink, and see that the ingest forgets it."""
    shelf = table or Table()

    async def play() -> None:
        with threads() as pool:
            api = ApiClient("http://api.test", "secret", "ingest-a", httpx.MockTransport(platform))
            ingest = Ingest(Tools(api, shelf.put, shelf, pool, pool, FFMPEG, ()))
            sink = await ingest.on_publish(publisher or Publisher())
            assert isinstance(sink, IngestSink)
            assert ingest.stream_count == 1
            async with asyncio.timeout(DEADLINE_S * 2):
                await scene(sink)
            assert ingest.stream_count == 0
            await api.close()

    asyncio.run(play())
    assert not shelf.faults
    return shelf


def test_a_stream_that_stops_ends_its_session(clip: Path) -> None:
    platform = Platform()

    async def scene(sink: IngestSink) -> None:
        for tag in tags_of(clip):
            await sink.write(tag)
        await _eventually(lambda: any(beat["has_media"] for beat in platform.beats))
        await sink.close(STOPPED)

    shelf = _play(platform, scene)
    assert platform.calls == ["end"]
    assert len(shelf.segments) == 3
    told = next(beat for beat in platform.beats if beat["has_media"])
    assert told["tracks"] == ["video_source", "audio"]
    assert told["health"]["video_codec"] == "avc1"
    assert (told["health"]["width_px"], told["health"]["height_px"]) == (160, 90)
    assert not platform.beats[0]["has_media"]


def test_a_lost_publisher_may_come_back(clip: Path) -> None:
    platform = Platform()

    async def scene(sink: IngestSink) -> None:
        for tag in tags_of(clip)[:100]:
            await sink.write(tag)
        await sink.close(LOST)

    _play(platform, scene)
    assert platform.calls == ["interrupt"]


def test_what_comes_back_goes_on_where_the_last_ingest_was(clip: Path) -> None:
    table = Table()
    table.before = {"audio": Edge(session_id=SESSION, track="audio", epoch=1, version=40, next_part=9)}
    platform = Platform(epoch=2, period=3, next_segment=7, next_part={"audio": 1009}, first_part=1000)

    async def scene(sink: IngestSink) -> None:
        for tag in tags_of(clip):
            await sink.write(tag)
        await sink.close(STOPPED)

    shelf = _play(platform, scene, table=table)
    assert [segment.number for segment in shelf.segments] == [7, 8, 9]
    assert {segment.period for segment in shelf.segments} == {3}
    first = shelf.edges["audio"][0]
    assert (first.epoch, first.version > 40, first.tail[-1].parts[0].number) == (2, True, 1009)
    assert shelf.edges["video_source"][0].tail[-1].parts[0].number == 1000


def test_the_owner_can_end_the_stream(clip: Path) -> None:
    platform, publisher = Platform(), Publisher()

    async def scene(sink: IngestSink) -> None:
        for tag in tags_of(clip)[:100]:
            await sink.write(tag)
        platform.beat_answer = (200, {"command": "end"})
        await _eventually(lambda: bool(publisher.told))
        await sink.close(Ending(EndingKind.DISMISSED, "dismissed"))

    _play(platform, scene, publisher=publisher)
    assert publisher.told[0] == "the stream was ended by its channel"
    assert platform.calls == ["end"]


def test_a_session_that_another_ingest_has_is_left_alone(clip: Path) -> None:
    platform, publisher = Platform(), Publisher()

    async def scene(sink: IngestSink) -> None:
        for tag in tags_of(clip)[:100]:
            await sink.write(tag)
        platform.beat_answer = (409, {"type": "https://millrace.example/problems/lease-lost", "detail": "It is over."})
        await _eventually(lambda: bool(publisher.told))
        await sink.close(Ending(EndingKind.DISMISSED, "dismissed"))

    _play(platform, scene, publisher=publisher)
    assert publisher.told[0] == "the stream has ended here: It is over."
    assert platform.calls == []


def test_beats_that_nobody_hears_do_not_end_the_stream(clip: Path) -> None:
    platform, publisher = Platform(), Publisher()

    async def scene(sink: IngestSink) -> None:
        platform.beat_answer = (503, {"detail": "later"})
        for tag in tags_of(clip):
            await sink.write(tag)
        await _eventually(lambda: len(platform.beats) > 3)
        await sink.close(STOPPED)

    shelf = _play(platform, scene, publisher=publisher)
    assert not publisher.told
    assert len(shelf.segments) == 3


def test_a_key_may_ask_for_a_test_stream() -> None:
    platform = Platform()

    async def scene(sink: IngestSink) -> None:
        await sink.close(LOST)

    _play(platform, scene, publisher=Publisher(test="1"))
    assert platform.keys == ["live_key?test=1"]


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (403, {"type": "/problems/stream-key-unknown", "detail": "This stream key is not valid."}, "not valid"),
        (409, {"type": "/problems/already-live", "detail": "This channel is live already."}, "already"),
        (503, {"detail": "no"}, "does not answer"),
        (201, ["nonsense"], "does not answer"),
    ],
)
def test_a_refusal_says_why(status: int, answer: object, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtmp_ingest.api_client.OPEN_WITHIN_S", 0.3)
    platform = Platform()
    platform.open_answer = (status, answer)

    async def ask() -> object:
        with threads() as pool:
            api = ApiClient("http://api.test", "secret", "ingest-a", httpx.MockTransport(platform))
            shelf = Table()
            return await Ingest(Tools(api, shelf.put, shelf, pool, pool, FFMPEG, ())).on_publish(Publisher())

    refusal = asyncio.run(ask())
    assert isinstance(refusal, Refusal)
    assert words in refusal.description
