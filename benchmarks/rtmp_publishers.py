"""Many publishers in one process, for `benchmarks.rtmp`: each sends the same FLV file in real time."""

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from millrace.media import flv
from millrace.media.flv import TagKind
from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.chunks import DEFAULT_CHUNK_BYTES, Message, write_message
from rtmp_ingest.rtmp.handshake import GREETING_BYTES, VERSION
from rtmp_ingest.rtmp.messages import command, set_chunk_size

CHUNK_STREAMS = {TagKind.AUDIO: 4, TagKind.VIDEO: 6, TagKind.SCRIPT: 5}
FRAME_MS = 33
MOST_WAITING_BYTES = 1 << 20


@dataclass
class Sent:
    """What all publishers sent, and how late they were."""

    sent_bytes: int = 0
    complete: int = 0
    max_lag_s: float = 0.0


def frames(clip: Path, chunk_bytes: int) -> list[tuple[float, bytes]]:
    """Return (second, bytes) for about each frame of the clip, as they go over the wire."""
    wire: list[tuple[float, bytes]] = []
    tags = flv.read_tags(clip.read_bytes())
    for _, group in itertools.groupby(tags, key=lambda tag: tag.timestamp_ms // FRAME_MS):
        members = list(group)
        data = bytearray()
        for tag in members:
            payload = amf0.encode("@setDataFrame") + tag.payload if tag.kind is TagKind.SCRIPT else tag.payload
            message = Message(int(tag.kind), tag.timestamp_ms, 1, payload)
            data += write_message(message, CHUNK_STREAMS[tag.kind], chunk_bytes)
        wire.append((members[0].timestamp_ms / 1000, bytes(data)))
    return wire


async def publish(
    number: int, port: int, chunk_bytes: int, until_s: float, wire: Sequence[tuple[float, bytes]], sent: Sent
) -> None:
    """Be one publisher."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(bytes((VERSION,)) + bytes(GREETING_BYTES) * 2)
    await reader.readexactly(1 + 2 * GREETING_BYTES)
    address = f"rtmp://127.0.0.1:{port}/live"
    # Each of these fits into one chunk of the default size.
    writer.write(command("connect", 1, {"app": "live", "tcUrl": address}) + command("createStream", 2, None))
    writer.write(command("publish", 3, None, f"key{number}", "live", stream_id=1))
    heard = b""
    while b"NetStream.Publish.Start" not in heard:
        heard += await reader.read(4096)
    if chunk_bytes != DEFAULT_CHUNK_BYTES:
        writer.write(set_chunk_size(chunk_bytes))
    drained = asyncio.create_task(_read_all(reader))
    began_s = time.monotonic()
    for second, data in wire:
        wait_s = began_s + second - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if writer.transport.is_closing():
            # The server hung up: that counts as not complete.
            return
        sent.max_lag_s = max(sent.max_lag_s, -wait_s)
        writer.write(data)
        sent.sent_bytes += len(data)
        if writer.transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            await writer.drain()
        if time.monotonic() > until_s:
            break
    sent.complete += 1
    writer.close()
    drained.cancel()


async def _read_all(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


async def run(options: argparse.Namespace) -> None:
    """Publish all at their own moments, and say what came of it."""
    wire = frames(options.clip, options.chunk_bytes)
    sent, began_s = Sent(), time.monotonic()
    until_s = began_s + options.seconds

    async def one(number: int) -> None:
        await asyncio.sleep(number / options.publishers)
        await publish(number, options.port, options.chunk_bytes, until_s, wire, sent)

    await asyncio.gather(*(one(number) for number in range(options.publishers)), return_exceptions=True)
    print(json.dumps({**vars(sent), "took_s": time.monotonic() - began_s}))


def main() -> None:
    """Publish as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--publishers", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--chunk-bytes", type=int, default=4096)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
