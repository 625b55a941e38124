"""A stream without network: a file's tags in, what viewers would find out. Only storage and table are stand-ins."""

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from millrace.live.edge.model import Edge, Period, Segment
from millrace.live.places import LivePlace
from millrace.media import flv
from millrace.media.flv import FlvTag
from millrace.platform.ids import LiveSessionId, VideoId, new_id
from millrace.videos.model import Home
from rtmp_ingest.patience import Patience
from rtmp_ingest.publication import Publication
from rtmp_ingest.stream import LiveStream, StreamSettings
from rtmp_ingest.uploader import Uploader
from tests.media_fixtures.tools import FFMPEG, FFPROBE

SESSION = LiveSessionId(new_id())
PLACE = LivePlace(Home.PUBLIC, VideoId(new_id()), SESSION)


class Shelf:
    """Storage and table in memory; it finds out at once when something is named that is not stored."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.edges: dict[str, list[Edge]] = {}
        self.periods: dict[int, Period] = {}
        self.segments: list[Segment] = []
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            if self.objects.setdefault(key, data) != data:
                self.faults.append(f"{key} was overwritten")

    def put_period(self, _session_id: LiveSessionId, _epoch: int, period: Period) -> None:
        with self._lock:
            self.periods[period.number] = period
            for track in period.tracks:
                self._expect(PLACE.init_key(track.name, period.number))

    def put_edge(self, edge: Edge) -> None:
        with self._lock:
            self.edges.setdefault(edge.track, []).append(edge)
            for segment in edge.tail:
                for part in segment.parts:
                    self._expect(PLACE.part_key(edge.track, part.number), part.size_bytes)
                if segment.period not in self.periods:
                    self.faults.append(f"part of period {segment.period} before the period")
                if segment.is_complete:
                    self._expect(PLACE.segment_key(edge.track, segment.period, segment.number), segment.size_bytes)

    def put_segment(self, _session_id: LiveSessionId, _epoch: int, segment: Segment) -> None:
        with self._lock:
            wanted = self.segments[-1].number + 1 if self.segments else segment.number
            if segment.number != wanted:
                self.faults.append(f"segment {segment.number} named instead of {wanted}")
            self.segments.append(segment)
            for name, track in segment.tracks.items():
                self._expect(PLACE.segment_key(name, segment.period, segment.number), track.size_bytes)

    def _expect(self, key: str, size_bytes: int | None = None) -> None:
        data = self.objects.get(key)
        if data is None or size_bytes not in (None, len(data)):
            self.faults.append(f"{key} is named and not stored")

    def parts_of(self, track: str, number: int) -> bytes:
        """Return the parts of a segment, one after the other."""
        named = {
            part.number: part
            for edge in self.edges[track]
            for each in edge.tail
            if each.number == number
            for part in each.parts
        }
        return b"".join(self.objects[PLACE.part_key(track, part)] for part in sorted(named))

    def frame_count(self, track: str, folder: Path) -> int:
        """Count what a decoder makes of a track, each period with its own init segment, as players do."""
        films: dict[int, bytes] = {}
        for segment in self.segments:
            if track in segment.tracks:
                before = films.get(segment.period) or self.objects[PLACE.init_key(track, segment.period)]
                stored = self.objects[PLACE.segment_key(track, segment.period, segment.number)]
                films[segment.period] = before + stored
        count = 0
        for period, film in films.items():
            path = folder / f"{track}_{period}.mp4"
            path.write_bytes(film)
            count += _frames(path)
        return count


def _frames(path: Path) -> int:
    argv = [FFPROBE, "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "json", str(path)]
    found = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout)
    return int(found["streams"][0]["nb_read_frames"])


class Studio:
    """A stream that publishes to a shelf."""

    def __init__(self, shelf: Shelf, threads: ThreadPoolExecutor, ladder: tuple[int, ...] = (60,)) -> None:
        self.shelf = shelf
        self.dismissals: list[str] = []
        patience = Patience(threads)
        self.uploader = Uploader(shelf.put, threads)
        self.publication = Publication(SESSION, 1, PLACE, self.uploader, shelf, patience, first_segment=1)
        settings = StreamSettings(FFMPEG, ladder, 0, 1, 1000, self.dismissals.append)
        self.stream = LiveStream(settings, self.publication)

    async def send(self, tags: Iterable[FlvTag]) -> None:
        """Publish tags as fast as they are taken."""
        for tag in tags:
            await self.stream.write(tag)

    async def close(self) -> None:
        """Hang up."""
        await self.stream.close()


@contextmanager
def threads() -> Iterator[ThreadPoolExecutor]:
    """Give threads, for storage and table."""
    with ThreadPoolExecutor(16) as pool:
        yield pool


def tags_of(path: Path, *, later_ms: int = 0) -> list[FlvTag]:
    """Return a file's tags, put off."""
    return [replace(tag, timestamp_ms=tag.timestamp_ms + later_ms) for tag in flv.read_tags(path.read_bytes())]


def publish(
    tags: Iterable[FlvTag], *, shelf: Shelf | None = None, ladder: tuple[int, ...] = (60,)
) -> tuple[Shelf, Studio]:
    """Publish tags from first to last."""
    shelf = shelf or Shelf()

    async def run() -> Studio:
        with threads() as pool:
            studio = Studio(shelf, pool, ladder)
            await studio.send(tags)
            await studio.close()
            return studio

    return shelf, asyncio.run(run())
