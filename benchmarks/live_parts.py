"""How long the platform takes from the last picture of a part to the part in a viewer's hands, by our own clock.

PROGRAM-DATE-TIME counts from the arrival of pictures at the ingest. A part is complete with the arrival of its last
picture; from there to the end of its download at the edge is what the platform adds: packaging, storage, the table, the
function that holds the playlist request, and the edge. (Renditions are encoded on the way, too.)
"""

import asyncio
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

_TAG = re.compile(
    r"#EXT-X-PROGRAM-DATE-TIME:(?P<at>\S+)|#EXT-X-PART:(?P<part>\S.*)|#EXT-X-MEDIA-SEQUENCE:(?P<first>\d+)"
)
_DURATION = re.compile(r"DURATION=([\d.]+)")
_URI = re.compile(r'URI="([^"]+)"')


@dataclass(frozen=True, slots=True)
class ListedPart:
    """A part as a playlist lists it: where it is, and when its last picture was due to end."""

    uri: str
    end_s: float


@dataclass(slots=True)
class Playlist:
    """What a client needs to know of a low-latency playlist."""

    parts: list[ListedPart]
    next_msn: int
    next_part: int


@dataclass(slots=True)
class Latencies:
    """From the last picture of a part to the playlist that names it, and to the whole part; sorted when read."""

    named_s: list[float] = field(default_factory=list)
    readable_s: list[float] = field(default_factory=list)


def read(text: str) -> Playlist:
    """Read what matters of a playlist."""
    first, segments, parts_of_open = 0, 0, 0
    at_s: float | None = None
    parts: list[ListedPart] = []
    for line in text.splitlines():
        match = _TAG.match(line)
        if match is None:
            if line and not line.startswith("#"):
                segments, parts_of_open, at_s = segments + 1, 0, None
            elif line.startswith("#EXT-X-SKIP:"):
                segments += int(line.partition("SKIPPED-SEGMENTS=")[2].partition(",")[0])
        elif match["at"]:
            at_s = datetime.fromisoformat(match["at"]).timestamp()
        elif match["first"]:
            first = int(match["first"])
        else:
            parts_of_open += 1
            if at_s is not None:
                at_s += float(_DURATION.findall(line)[0])
                parts.append(ListedPart(_URI.findall(line)[0], at_s))
    return Playlist(parts, first + segments, parts_of_open)


async def follow(edge_url: str, playlist_url: str, seconds: float, frame_s: float) -> Latencies:
    """Follow a track as a player does, and note when each part could be had."""
    latencies = Latencies()
    async with aiohttp.ClientSession() as session:
        async with session.get(playlist_url) as reply:
            playlist = read(await reply.text())
        known = {part.uri for part in playlist.parts}
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            query = f"?_HLS_msn={playlist.next_msn}&_HLS_part={playlist.next_part}"
            async with session.get(playlist_url + query) as reply:
                text = await reply.text()
                if reply.status != 200:
                    await asyncio.sleep(0.2)
                    continue
            named_s = time.time()
            playlist = read(text)
            fresh = [part for part in playlist.parts if part.uri not in known]
            known |= {part.uri for part in fresh}
            latencies.named_s += [named_s - (part.end_s - frame_s) for part in fresh]
            for part in fresh:
                async with session.get(edge_url + part.uri) as reply:
                    await reply.read()
                latencies.readable_s.append(time.time() - (part.end_s - frame_s))
    return latencies


def measure(
    edge_url: str, media_url: str, tracks: Sequence[str], seconds: float, frame_s: float
) -> dict[str, Latencies]:
    """Follow tracks side by side."""

    async def run() -> list[Latencies]:
        urls = [f"{media_url}/{name}/media.m3u8" for name in tracks]
        return await asyncio.gather(*(follow(edge_url, url, seconds, frame_s) for url in urls))

    # In a thread of its own: Playwright keeps a loop running in ours.
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(asyncio.run, run()).result()
    return dict(zip(tracks, found, strict=True))
