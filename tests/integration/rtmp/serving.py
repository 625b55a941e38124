"""A server that keeps what it is sent, and ffmpeg as a publisher."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from millrace.media import flv
from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.rtmp.publishing import Client, Ending, Publisher, Refusal, Sink
from rtmp_ingest.rtmp.server import RtmpServer, ServerSettings, serve
from tests.media_fixtures.tools import FFMPEG

PATIENCE_S = 90.0
REFUSED = "No channel has this stream key."


@dataclass
class Recording:
    """What one publisher sent."""

    publisher: Publisher
    # As it was when it published: afterwards the connection is gone.
    client: Client
    tags: list[FlvTag] = field(default_factory=list)
    ending: Ending | None = None
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, tag: FlvTag) -> None:
        self.tags.append(tag)

    async def close(self, ending: Ending) -> None:
        assert self.ending is None, "a sink is closed once"
        self.ending = ending
        self.has_ended.set()

    def flv(self) -> bytes:
        return flv.FILE_HEADER + b"".join(map(flv.encode, self.tags))

    def packets(self) -> Counter[str]:
        """Count packets as "codec/kind", key frames as "codec/KEY"."""
        counted: Counter[str] = Counter()
        for tag in self.tags:
            if tag.kind is TagKind.VIDEO:
                video = flv.video_header(tag.payload)
                counted[f"{video.codec}/{'KEY' if video.is_key_frame else video.packet.name}"] += 1
            elif tag.kind is TagKind.AUDIO:
                audio = flv.audio_header(tag.payload)
                counted[f"{audio.codec}/{audio.packet.name}"] += 1
            else:
                counted["metadata"] += 1
        return counted


@dataclass
class Recorder:
    """Record every publisher but those whose key is "refused"."""

    recordings: dict[str, Recording] = field(default_factory=dict)
    published: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, publisher: Publisher) -> Sink | Refusal:
        if publisher.key == "refused":
            return Refusal(REFUSED)
        recording = self.recordings[publisher.key] = Recording(publisher, publisher.client)
        self.published.set()
        return recording


@contextlib.asynccontextmanager
async def serving(settings: ServerSettings, recorder: Recorder) -> AsyncIterator[RtmpServer]:
    server = await serve(settings, recorder)
    try:
        yield server
    finally:
        await server.stop()


@dataclass(frozen=True)
class Published:
    """How a publisher ended."""

    returncode: int
    said: str


def pattern(seconds: float, *, rate: int = 25) -> list[str]:
    """Arguments of ffmpeg for pictures and sound, given out as fast as they would be watched."""
    picture = ["-re", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={rate}"]
    sound = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
    return [*picture, *sound, "-t", str(seconds)]


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac")


async def publish(
    address: str, seconds: float, encoding: Sequence[str] = H264, *, ffmpeg: str = FFMPEG, options: Sequence[str] = ()
) -> Published:
    """Publish a test pattern with ffmpeg and wait for it to end."""
    argv = [ffmpeg, "-nostdin", "-hide_banner", *pattern(seconds), *encoding, *options, "-f", "flv", address]
    return await run(*argv)


async def run(*argv: str) -> Published:
    """Run a publisher to its end."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Published(process.returncode or 0, said.decode(errors="replace"))
