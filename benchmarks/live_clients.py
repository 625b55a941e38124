"""Scripted viewers of one low-latency track: each holds a request for the next part, and downloads what is new.

    python -m benchmarks.live_clients HOST PORT PATH --viewers 200 --seconds 20

prints what they saw, as JSON. A viewer has one connection, as lean as can be: it shares two cores with what it tests.
"""

import argparse
import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import lru_cache

import uvloop

from benchmarks.live_parts import Playlist, read

_NUMBER = re.compile(r"part_(\d+)\.m4s$")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
# All viewers hold the same playlist: one of them reads it.
read_once = lru_cache(256)(read)


@dataclass(slots=True)
class Seen:
    """What all viewers saw together."""

    reloads: int = 0
    parts: int = 0
    missed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    # From a part's last picture to the end of its download.
    late_s: list[float] = field(default_factory=list)


class Viewer:
    """One viewer."""

    def __init__(self, host: str, port: int, path: str, seen: Seen) -> None:
        self._host, self._port, self._path, self._seen = host, port, path, seen
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._last = -1

    async def watch(self, begins_s: float, seconds: float) -> None:
        """Watch for so many seconds; viewers begin at their own moments."""
        await asyncio.sleep(begins_s)
        until_s = time.monotonic() + seconds
        playlist = await self._playlist("")
        self._last = max((_number(part.uri) for part in playlist.parts), default=-1) if playlist else -1
        while time.monotonic() < until_s:
            if playlist is None:
                await asyncio.sleep(0.2)
                playlist = await self._playlist("")
                continue
            await self._download(playlist)
            query = f"?_HLS_msn={playlist.next_msn}&_HLS_part={playlist.next_part}&_HLS_skip=YES"
            self._seen.reloads += 1
            playlist = await self._playlist(query)
        if self._writer is not None:
            self._writer.close()

    async def _playlist(self, query: str) -> Playlist | None:
        body = await self._get(self._path + query)
        return read_once(body.decode()) if body is not None else None

    async def _download(self, playlist: Playlist) -> None:
        for part in playlist.parts:
            number = _number(part.uri)
            if number <= self._last:
                continue
            if self._last >= 0:
                self._seen.missed += number - self._last - 1
            self._last = number
            if await self._get(part.uri) is None:
                self._seen.missed += 1
                continue
            self._seen.parts += 1
            self._seen.late_s.append(time.time() - part.end_s)

    async def _get(self, path: str) -> bytes | None:
        """Return the body of an answer, None for a failure, which is counted."""
        try:
            return await asyncio.wait_for(self._ask(path), 10)
        except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError) as error:
            self._seen.failures[type(error).__name__] += 1
            self._writer = None
            return None

    async def _ask(self, path: str) -> bytes | None:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await (self._reader.readexactly(int(length[1])) if length else self._chunks(self._reader))
        status = head[9:12]
        if status == b"200":
            return body
        self._seen.failures[status.decode()] += 1
        return None

    async def _chunks(self, reader: asyncio.StreamReader) -> bytes:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body


def _number(uri: str) -> int:
    match = _NUMBER.search(uri)
    return int(match[1]) if match else -1


async def run(options: argparse.Namespace) -> Seen:
    """Let all watch, each a little after the other."""
    seen = Seen()
    viewers = [Viewer(options.host, options.port, options.path, seen) for _ in range(options.viewers)]
    spread_s = min(5.0, options.viewers / 100)
    watching = (viewer.watch(spread_s * place / len(viewers), options.seconds) for place, viewer in enumerate(viewers))
    await asyncio.gather(*watching)
    return seen


def main() -> None:
    """Watch and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seen = runner.run(run(parser.parse_args()))
    late_s = sorted(seen.late_s)
    # A hundred steps say enough; all of them would be megabytes.
    seen.late_s = [round(late_s[step * len(late_s) // 100], 3) for step in range(100)] if late_s else []
    print(json.dumps(asdict(seen)))


if __name__ == "__main__":
    main()
