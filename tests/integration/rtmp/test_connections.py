"""A connection from its beginning to each of its ends, over real sockets."""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from millrace.media.flv import FlvTag
from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.messages import MessageType
from rtmp_ingest.rtmp.publishing import Ending, EndingKind, OnPublish, Publisher, Refusal, Sink
from rtmp_ingest.rtmp.server import RtmpServer, ServerSettings, serve
from tests.integration.rtmp.serving import PATIENCE_S, Recorder, Recording, serving
from tests.unit.rtmp.talking import HANDSHAKE, command, connect, control, media, opening

FRAME = media(MessageType.VIDEO, 0, b"\x27\x01\x00\x00\x00picture")
KEY = "sk_very_secret_key"


class Caller:
    """A publisher by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.heard = b""

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self, words: bytes) -> None:
        while words not in self.heard:
            data = await self.reader.read(4096)
            assert data, f"the server hung up before it said {words!r}"
            self.heard += data

    async def hear_the_end(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await self.reader.read(4096):
                self.heard += data


@contextlib.asynccontextmanager
async def calling(server: RtmpServer) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()


def settings(limits: Limits | None = None) -> ServerSettings:
    return ServerSettings(port=0, limits=limits or Limits(farewell_s=0.5))


async def published(recorder: Recorder) -> Recording:
    """Return the recording of KEY as soon as its first frame is there."""
    await recorder.published.wait()
    return recorder.recordings[KEY]


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await scenario()

    asyncio.run(in_time())


def ending_of(recorder: Recorder) -> EndingKind:
    ending = recorder.recordings[KEY].ending
    assert ending is not None
    return ending.kind


GOODBYE = command("FCUnpublish", 4, None, KEY) + command("deleteStream", 5, None, 1)


@pytest.mark.parametrize(
    ("last_words", "kind"),
    [
        (GOODBYE, EndingKind.UNPUBLISHED),
        (command("FCUnpublish", 4, None, KEY), EndingKind.UNPUBLISHED),
        (b"", EndingKind.LOST),
        (FRAME[:9], EndingKind.LOST),
        (control(MessageType.SET_CHUNK_SIZE, bytes(4)), EndingKind.MALFORMED),
    ],
    ids=["says goodbye", "says half of it", "is cut off", "is cut off in a message", "breaks the protocol"],
)
def test_a_publisher_that(last_words: bytes, kind: EndingKind) -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(settings(), recorder) as server, calling(server) as caller:
            await caller.say(opening(KEY) + FRAME + last_words)
            if kind is EndingKind.MALFORMED:
                await caller.hear_the_end()
            else:
                caller.writer.write_eof()
                await caller.hear(b"NetStream.Publish.Start")
                recording = await published(recorder)
                await recording.has_ended.wait()

    run(scenario)
    assert ending_of(recorder) is kind
    assert len(recorder.recordings[KEY].tags) == 1


def test_a_publisher_that_falls_silent_is_lost() -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(settings(Limits(idle_s=0.8)), recorder) as server, calling(server) as caller:
            await caller.say(opening(KEY))
            await caller.hear_the_end()
            await (await published(recorder)).has_ended.wait()

    run(scenario)
    assert ending_of(recorder) is EndingKind.LOST


def test_a_silent_publisher_is_asked_for_a_sign_of_life() -> None:
    async def scenario() -> None:
        async with serving(settings(Limits(idle_s=6.0)), Recorder()) as server, calling(server) as caller:
            await caller.say(opening(KEY))
            # Chunk stream 2, six bytes of user control, kind 6.
            await caller.hear(b"\x02\x00\x00\x00\x00\x00\x06\x04\x00\x00\x00\x00\x00\x06")

    run(scenario)


def test_a_sink_that_waits_slows_the_publisher_down_and_no_memory_fills() -> None:
    may_go_on = asyncio.Event()

    class Slow(Recording):
        async def write(self, tag: FlvTag) -> None:
            await may_go_on.wait()
            self.tags.append(tag)

    sinks: list[Slow] = []

    async def on_publish(publisher: Publisher) -> Sink:
        sinks.append(Slow(publisher, publisher.client))
        return sinks[0]

    async def scenario() -> None:
        big = media(MessageType.VIDEO, 0, bytes(100_000))
        async with serving_with(on_publish, Limits(idle_s=1.0)) as server, calling(server) as caller:
            await caller.say(opening(KEY))
            await caller.hear(b"NetStream.Publish.Start")
            saying = asyncio.create_task(caller.say(big * 300))
            # What is not read stays with the publisher: it cannot go on, and does not count as silent meanwhile.
            await asyncio.wait([saying], timeout=2.5)
            assert not saying.done()
            assert sinks[0].publisher.received_bytes < 1_000_000
            assert sinks[0].ending is None
            may_go_on.set()
            await saying
            caller.writer.write_eof()
            await sinks[0].has_ended.wait()

    run(scenario)
    assert len(sinks[0].tags) == 300


def test_whoever_takes_the_media_can_end_a_publish() -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(settings(), recorder) as server, calling(server) as caller:
            await caller.say(opening(KEY) + FRAME)
            recording = await published(recorder)
            await caller.hear(b"NetStream.Publish.Start")
            recording.publisher.disconnect("This channel was suspended.")
            await recording.has_ended.wait()
            await caller.hear_the_end()
            assert b"This channel was suspended." in caller.heard

    run(scenario)
    assert ending_of(recorder) is EndingKind.DISMISSED


def test_a_sink_that_fails_ends_the_publish_and_is_closed() -> None:
    class Broken(Recording):
        async def write(self, _tag: FlvTag) -> None:
            raise RuntimeError("the disk is full")

    sinks: list[Broken] = []

    async def on_publish(publisher: Publisher) -> Sink:
        sinks.append(Broken(publisher, publisher.client))
        return sinks[0]

    async def scenario() -> None:
        async with serving_with(on_publish) as server, calling(server) as caller:
            await caller.say(opening(KEY) + FRAME * 3)
            await caller.hear_the_end()
            assert b"NetStream.Publish.Denied" in caller.heard

    run(scenario)
    assert sinks[0].ending is not None
    assert sinks[0].ending.kind is EndingKind.DISMISSED


async def nobody_answers(_publisher: Publisher) -> Refusal:
    await asyncio.sleep(PATIENCE_S)
    return Refusal("never said")


async def the_api_is_down(_publisher: Publisher) -> Refusal:
    raise ConnectionError("no route")


@pytest.mark.parametrize("on_publish", [nobody_answers, the_api_is_down])
def test_a_publish_that_cannot_be_checked_is_refused_with_words(on_publish: OnPublish) -> None:
    async def scenario() -> None:
        async with serving_with(on_publish, Limits(authorise_s=0.5)) as server, calling(server) as caller:
            await caller.say(opening(KEY))
            await caller.hear(b"cannot check the stream key now")
            await caller.hear_the_end()

    run(scenario)


def test_a_publisher_that_leaves_while_it_is_checked_leaves_nothing_behind() -> None:
    recorder = Recorder()
    gone = asyncio.Event()

    async def slowly(publisher: Publisher) -> Sink | Refusal:
        await gone.wait()
        return await recorder(publisher)

    async def scenario() -> None:
        async with serving_with(slowly) as server:
            async with calling(server) as caller:
                await caller.say(opening(KEY))
                await caller.hear(b"_result")
            gone.set()
            await (await published(recorder)).has_ended.wait()

    run(scenario)
    assert ending_of(recorder) is EndingKind.LOST


def test_draining_asks_encoders_to_move_waits_for_them_and_then_ends_them() -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(settings(), recorder) as server, calling(server) as caller, calling(server) as stranger:
            await stranger.say(HANDSHAKE + connect())
            await stranger.hear(b"NetConnection.Connect.Success")
            await caller.say(opening(KEY, {"capsEx": 1.0}) + FRAME)
            await caller.hear(b"NetStream.Publish.Start")
            draining = asyncio.create_task(server.drain(within_s=1.0))
            await caller.hear(b"NetConnection.Connect.ReconnectRequest")
            await stranger.hear_the_end()
            assert server.publisher_count == 1
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", server.port)
            await caller.hear_the_end()
            await draining
            assert server.connection_count == 0

    run(scenario)
    assert ending_of(recorder) is EndingKind.DRAINED
    assert len(recorder.recordings[KEY].tags) == 1


def test_a_publisher_too_many_is_refused_with_words_until_there_is_room() -> None:
    recorder = Recorder()

    async def scenario() -> None:
        full = settings(Limits(publishers=1, farewell_s=0.5))
        async with serving(full, recorder) as server, calling(server) as first, calling(server) as second:
            await first.say(opening(KEY) + FRAME)
            await first.hear(b"NetStream.Publish.Start")
            await second.say(opening("another"))
            await second.hear(b"no room for another stream")
            await second.hear_the_end()
            await first.say(GOODBYE)
            await first.hear(b"NetStream.Unpublish.Success")
            async with calling(server) as third:
                await third.say(opening("another"))
                await third.hear(b"NetStream.Publish.Start")

    run(scenario)
    assert set(recorder.recordings) == {KEY, "another"}


def test_draining_is_over_when_everybody_has_left() -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(settings(), recorder) as server, calling(server) as caller:
            await caller.say(opening(KEY) + FRAME)
            await caller.hear(b"NetStream.Publish.Start")
            draining = asyncio.create_task(server.drain(within_s=PATIENCE_S * 10))
            await caller.say(GOODBYE)
            await caller.hear(b"NetStream.Unpublish.Success")
            caller.writer.transport.abort()
            await draining

    run(scenario)
    assert ending_of(recorder) is EndingKind.UNPUBLISHED


def test_a_key_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(settings(), recorder) as server:
            for name in (KEY, "refused?secret=" + KEY):
                async with calling(server) as caller:
                    await caller.say(opening(name) + FRAME + control(MessageType.SET_CHUNK_SIZE, bytes(4)))
                    await caller.hear_the_end()
            assert KEY not in repr(recorder.recordings[KEY].publisher)

    run(scenario)
    assert caplog.records
    assert not [record for record in caplog.records if KEY in str(record.__dict__)]


def test_publishers_that_vanish_while_the_server_stops_do_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    linger_not = struct.pack("ii", 1, 0)

    async def scenario() -> None:
        async with contextlib.AsyncExitStack() as stack:
            server = await stack.enter_async_context(serving(settings(), recorder))
            callers = [await stack.enter_async_context(calling(server)) for _ in range(20)]
            for number, caller in enumerate(callers):
                await caller.say(opening(f"{KEY}{number}") + FRAME)
                await caller.hear(b"NetStream.Publish.Start")
            for caller in callers:
                # A reset, as of a machine that restarted.
                raw = caller.writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
                caller.writer.transport.abort()
            await server.stop()
            assert server.connection_count == 0

    run(scenario)
    assert all(recording.ending is not None for recording in recorder.recordings.values())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@contextlib.asynccontextmanager
async def serving_with(on_publish: OnPublish, limits: Limits | None = None) -> AsyncIterator[RtmpServer]:
    server = await serve(settings(limits), on_publish)
    try:
        yield server
    finally:
        await server.stop()


def test_a_sink_is_closed_once_with_one_ending() -> None:
    endings: list[Ending] = []

    class Counting(Recording):
        async def close(self, ending: Ending) -> None:
            endings.append(ending)
            raise RuntimeError("closing failed, too")

    async def on_publish(publisher: Publisher) -> Sink:
        return Counting(publisher, publisher.client)

    async def scenario() -> None:
        async with serving_with(on_publish) as server, calling(server) as caller:
            await caller.say(opening(KEY) + FRAME)
            await caller.hear(b"NetStream.Publish.Start")
            await server.stop()
            await caller.hear_the_end()

    run(scenario)
    assert [ending.kind for ending in endings] == [EndingKind.DRAINED]
