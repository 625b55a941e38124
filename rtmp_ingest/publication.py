"""Make media visible in the right order: nothing is named before it is stored.

init segments → the period → parts of each track, one after the other → the segment of that track → the segment of all
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from millrace.live.edge.model import Edge, Part, Period, Segment, TrackSegment
from millrace.live.places import LivePlace
from millrace.media.live.cutter import CutPart, CutSegment
from millrace.platform.ids import LiveSessionId
from rtmp_ingest.patience import Patience
from rtmp_ingest.uploader import Uploader

__all__ = ["EdgeTable", "Publication"]

logger = logging.getLogger(__name__)

# Parts of one track that wait to be named; more means that the table does not answer, and holds the stream up.
MOST_WAITING: Final = 400


class EdgeTable(Protocol):
    """What we ask of `millrace.live.edge.store`; each call may take its time, and runs in a thread."""

    def put_period(self, session_id: LiveSessionId, epoch: int, period: Period) -> None:
        """Name the tracks of a period."""

    def put_edge(self, edge: Edge) -> None:
        """Show the newest of a track."""

    def put_segment(self, session_id: LiveSessionId, epoch: int, segment: Segment) -> None:
        """Name a segment that is complete in all tracks."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Something of a track that is being stored, and is shown afterwards."""

    stored: "asyncio.Task[None]"
    show: Callable[[], None]
    produced_s: float


class _Line:
    """Steps of one track, first come, first shown; who adds one waits while there are too many."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque()
        self._unfinished = 0
        self._changed = asyncio.Condition()

    async def add(self, step: _Step) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._steps) < MOST_WAITING)
            self._steps.append(step)
            self._unfinished += 1
            self._changed.notify_all()

    async def take(self) -> list[_Step]:
        """Return the first step, and those behind it that are stored already."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._steps)
            steps = [self._steps.popleft()]
            while self._steps and self._steps[0].stored.done():
                steps.append(self._steps.popleft())
            return steps

    async def done(self, count: int) -> None:
        async with self._changed:
            self._unfinished -= count
            self._changed.notify_all()

    async def emptied(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._unfinished)


class _PublishedTrack:
    """One track over the whole session."""

    def __init__(self, name: str, edge: Edge) -> None:
        self.name = name
        self.edge = edge
        self.line = _Line()
        self.worker: asyncio.Task[None] | None = None
        self.lags_s: list[float] = []
        self.part_bytes = 0
        self.shown_period = -1


class Publication:
    """Publish one session as one ingest holds it."""

    def __init__(
        self,
        session_id: LiveSessionId,
        epoch: int,
        place: LivePlace,
        uploader: Uploader,
        table: EdgeTable,
        patience: Patience,
        *,
        first_segment: int,
        first_part: int = 0,
        next_parts: Mapping[str, int] | None = None,
        edges: Mapping[str, Edge] | None = None,
    ) -> None:
        self.session_id = session_id
        self.epoch = epoch
        self.uploader = uploader
        self.last_named = first_segment - 1
        self._place = place
        self._table = table
        self._patience = patience
        self._first_part = first_part
        self._next_parts = dict(next_parts or {})
        # What a former ingest showed: viewers still play it, and versions count on from it.
        self._edges = {name: edge.model_copy(update={"epoch": epoch}) for name, edge in (edges or {}).items()}
        self._tracks: dict[str, _PublishedTrack] = {}
        self._segments: dict[int, Segment] = {}
        self._expected: dict[int, frozenset[str]] = {}
        self._naming = asyncio.Lock()
        self._rated_s = time.monotonic()
        self.failure: BaseException | None = None

    async def begin_period(self, period: Period, inits: Mapping[str, bytes]) -> None:
        """Store the init segments of a period, then name its tracks. To repeat it with more tracks adds them."""
        stored = [
            self.uploader.begin(self._place.init_key(track, period.number), data) for track, data in inits.items()
        ]
        await asyncio.gather(*stored)
        await self._patience.insist(self._table.put_period, self.session_id, self.epoch, period)
        self._expected[period.number] = frozenset(track.name for track in period.running)

    async def change_period(self, period: Period) -> None:
        """Say that tracks of a period were dropped; segments no longer wait for them."""
        await self._patience.insist(self._table.put_period, self.session_id, self.epoch, period)
        self._expected[period.number] = frozenset(track.name for track in period.running)
        await self._name_complete()

    def next_part(self, track: str) -> int:
        """Return the number that the next part of a track will have."""
        return self._next_parts.get(track, self._first_part)

    def shows(self, period: int, tracks: Sequence[str]) -> bool:
        """Tell whether viewers can watch something of each track in that period."""
        return all(track in self._tracks and self._tracks[track].shown_period == period for track in tracks)

    async def part(self, period: int, track: str, cut: CutPart, program_date_time: datetime) -> None:
        """Publish a part; waits while too much is on its way."""
        await self._room()
        self._next_parts[track] = cut.number + 1
        published = self._track(track)
        part = Part(
            number=cut.number,
            duration=cut.duration,
            size_bytes=len(cut.data),
            is_independent=cut.is_independent,
        )

        def show() -> None:
            edge = published.edge
            if not edge.tail or edge.tail[-1].number != cut.segment_number:
                edge = edge.opened(
                    cut.segment_number,
                    period,
                    decode_time=cut.decode_time,
                    program_date_time=program_date_time,
                    unnamed_from=self.last_named + 1,
                )
            published.edge = edge.with_part(part, cut.keyframe_bytes or None)

        published.part_bytes += len(cut.data)
        stored = self.uploader.begin(self._place.part_key(track, cut.number), cut.data)
        await published.line.add(_Step(stored, show, time.monotonic()))

    async def segment(self, period: int, track: str, cut: CutSegment, program_date_time: datetime) -> None:
        """Publish a complete segment of a track; once all tracks have it, it is named for good."""
        await self._room()
        published = self._track(track)
        row = TrackSegment(
            duration=cut.duration,
            size_bytes=len(cut.data),
            decode_time=cut.decode_time,
            key_frame_size_bytes=cut.keyframe_bytes or None,
        )

        def show() -> None:
            published.edge = published.edge.completed()
            if cut.number <= self.last_named:
                # Named without this track, which came too late.
                return
            known = self._segments.get(cut.number)
            tracks = {**(known.tracks if known else {}), track: row}
            self._segments[cut.number] = Segment(
                number=cut.number, period=period, program_date_time=program_date_time, tracks=tracks
            )

        stored = self.uploader.begin(self._place.segment_key(track, period, cut.number), cut.data)
        await published.line.add(_Step(stored, show, time.monotonic()))

    async def settle(self) -> None:
        """Wait until all that was produced is visible; segments that some track lacks are named without it."""
        for published in self._tracks.values():
            await published.line.emptied()
        self._raise_failure()
        await self._name_complete(at_last=True)

    def take_lags_s(self) -> dict[str, list[float]]:
        """Return how long parts and segments took from the encoder to the playlist since the last call."""
        lags = {name: published.lags_s for name, published in self._tracks.items()}
        for published in self._tracks.values():
            published.lags_s = []
        return lags

    def take_bitrates_bps(self) -> dict[str, int]:
        """Return each track's rate since the last call."""
        now_s = time.monotonic()
        span_s = max(now_s - self._rated_s, 0.001)
        self._rated_s = now_s
        rates = {name: int(published.part_bytes * 8 / span_s) for name, published in self._tracks.items()}
        for published in self._tracks.values():
            published.part_bytes = 0
        return rates

    def fail(self, failure: BaseException) -> None:
        """Publish nothing more: whoever tries learns why."""
        if self.failure is None:
            logger.warning("publishing broke off", extra={"session": self.session_id, "reason": str(failure)})
            self.failure = failure

    def stop(self) -> None:
        """Stop at once; what is not visible yet will never be."""
        for published in self._tracks.values():
            if published.worker is not None:
                published.worker.cancel()

    async def _room(self) -> None:
        await self.uploader.room()
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _track(self, name: str) -> _PublishedTrack:
        published = self._tracks.get(name)
        if published is None:
            fresh = Edge(session_id=self.session_id, track=name, epoch=self.epoch, next_part=self.next_part(name))
            published = self._tracks[name] = _PublishedTrack(name, self._edges.get(name, fresh))
            published.worker = asyncio.create_task(self._work(published))
        return published

    async def _work(self, published: _PublishedTrack) -> None:
        """Show what is stored, in order. What was stored meanwhile is shown with one write."""
        while True:
            steps = await published.line.take()
            try:
                if self.failure is None:
                    await self._show(published, steps)
            except Exception as failure:  # noqa: BLE001 -- whoever publishes next learns of it
                self.fail(failure)
            finally:
                await published.line.done(len(steps))

    async def _show(self, published: _PublishedTrack, steps: Sequence[_Step]) -> None:
        for step in steps:
            await step.stored
            step.show()
        await self._patience.insist(self._table.put_edge, published.edge)
        shown_s = time.monotonic()
        if published.edge.tail:
            published.shown_period = published.edge.tail[-1].period
        published.lags_s += [shown_s - step.produced_s for step in steps]
        await self._name_complete()

    async def _name_complete(self, *, at_last: bool = False) -> None:
        """Name the segments that all their tracks have, in order; at last also those that some lack."""
        async with self._naming:
            while self._segments:
                following = min(self._segments)
                segment = self._segments[following]
                if not at_last and not self._is_complete(segment):
                    return
                if following > self.last_named + 1:
                    # No track has it: numbers go on without a hole, and playlists say that there is a gap.
                    segment = segment.model_copy(update={"number": self.last_named + 1, "tracks": {}})
                await self._patience.insist(self._table.put_segment, self.session_id, self.epoch, segment)
                self.last_named = segment.number
                self._segments.pop(segment.number, None)

    def _is_complete(self, segment: Segment) -> bool:
        """Tell whether each track has the segment, or is beyond it already."""
        missing = self._expected.get(segment.period, frozenset()) - segment.tracks.keys()
        return all(self._last_number(track) > segment.number for track in missing)

    def _last_number(self, track: str) -> int:
        published = self._tracks.get(track)
        return published.edge.tail[-1].number if published and published.edge.tail else 0
