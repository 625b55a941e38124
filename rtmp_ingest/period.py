"""One period: what the encoders make of a publish from one discontinuity to the next."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from millrace.live.edge import model as edge
from millrace.media import flv
from millrace.media.flv import FlvTag
from millrace.media.live.boundaries import Boundaries
from millrace.media.live.command import Output, VideoOutput
from millrace.media.live.cutter import CutPart, CutSegment, TrackCutter
from millrace.media.live.fragments import Init, MediaFragment
from rtmp_ingest.publication import Publication
from rtmp_ingest.transcoder import Transcoder, TranscoderPlan
from rtmp_ingest.wall_clock import WallClock

__all__ = ["Period", "PeriodPlan"]

logger = logging.getLogger(__name__)

# Renditions whose encoder has not begun by then come to the playlists later.
WAIT_FOR_INITS_S: Final = 3.0
# A rate that was declared or measured, with room for the next segment to be larger.
ROOM: Final = Fraction(5, 4)
UNKNOWN_SOURCE_BPS: Final = 6_000_000
AUDIO_BPS: Final = 160_000


@dataclass(frozen=True, slots=True)
class PeriodPlan:
    """Say what a period is made of.

    `main` must go on for the stream to go on: the best picture and the sound. `ladder` are the renditions that may be
    dropped. `not_before_ms` is where the tracks begin; the encoders see earlier pictures only to come into step.
    """

    number: int
    main: TranscoderPlan
    ladder: TranscoderPlan | None
    declared_video_bps: int
    not_before_ms: Fraction | None = None

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Return all tracks, best picture first."""
        return (*self.main.outputs, *(self.ladder.outputs if self.ladder else ()))


class Period:
    """Run the encoders of one period and publish what they make."""

    def __init__(
        self, ffmpeg: str, plan: PeriodPlan, boundaries: Boundaries, publication: Publication, wall: WallClock
    ) -> None:
        self.plan = plan
        self.boundaries = boundaries
        self.last_segment = boundaries.first_number - 1
        self.main = Transcoder(ffmpeg, plan.main, self._take)
        self.ladder = Transcoder(ffmpeg, plan.ladder, self._take) if plan.ladder else None
        self.dropped: tuple[str, ...] = ()
        self._ffmpeg = ffmpeg
        self._publication = publication
        self._wall = wall
        self._inits: dict[str, Init] = {}
        self._cutters: dict[str, TrackCutter] = {}
        self._rates: dict[str, int] = {}
        self._described = edge.Period(number=plan.number, tracks=())
        self._has_all_inits = asyncio.Event()
        # Players that find sound alone never look for the picture again: the best picture and the sound come together.
        self._has_main_inits = asyncio.Event()
        self._has_begun = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._describing = asyncio.Lock()
        self._ends_ms: dict[str, int] = {}
        # Set once all that the period will ever have is published.
        self.closed = asyncio.Event()

    async def start(self, configurations: Sequence[FlvTag], first_ms: int, after: Sequence[asyncio.Event] = ()) -> None:
        """Start the encoders; `after` are set when what comes before our first fragment is published.

        The configurations get the time of the first frame: a gap behind them would use up the time that ffmpeg
        takes to look at a stream.
        """
        for transcoder in self.transcoders:
            await transcoder.start(first_ms, after)
        for tag in configurations:
            self._write(replace(tag, timestamp_ms=first_ms))

    async def write(self, tag: FlvTag) -> None:
        """Give a tag to the encoders; waits while the main one has too much."""
        self._write(tag)
        await self.main.room()

    async def finish(self) -> None:
        """Let the encoders end, and publish what they still have."""
        self._has_main_inits.set()
        try:
            await asyncio.gather(*(each.finish() for each in self.transcoders))
            await asyncio.gather(*self._tasks)
            for track, cutter in self._cutters.items():
                for cut in cutter.finish():
                    await self._publish(track, cut)
            await self._publication.settle()
        finally:
            self.closed.set()

    async def shed(self, number: int, configurations: Sequence[FlvTag], *, all_of_it: bool) -> tuple[str, ...]:
        """Go on without the largest rendition of the ladder, or without any, from that segment on; return which.

        The rest of the ladder goes on in an encoder of its own, which is fed from that segment's key frame on: no
        viewer of another rendition sees anything of it.
        """
        old = self.ladder
        if old is None:
            return ()
        outputs = old.plan.outputs
        gone = outputs if all_of_it or self.boundaries.is_grid else outputs[:1]
        kept = outputs[len(gone) :]
        self.ladder = None
        if kept:
            fresh = Transcoder(self._ffmpeg, replace(old.plan, outputs=kept), self._take)
            await fresh.start(self.main.offered_ms, [old.finished])
            self.ladder = fresh
            for tag in configurations:
                fresh.write(self.main.offered_ms, flv.encode(replace(tag, timestamp_ms=self.main.offered_ms)))
        names = tuple(output.track for output in gone)
        self.dropped += names
        task = asyncio.create_task(self._retire(old, names, number, at_once=all_of_it))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return names

    async def _retire(self, old: Transcoder, names: Sequence[str], number: int, *, at_once: bool) -> None:
        """Publish what an encoder still has, then say that its tracks have ended."""
        await (old.kill() if at_once else old.finish())
        for name in names:
            cutter = self._cutters.pop(name, None)
            for cut in cutter.finish() if cutter else ():
                await self._publish(name, cut)
        async with self._describing:
            for name in names:
                self._described = self._described.without(name, number)
            await self._publication.change_period(self._described)

    @property
    def has_died(self) -> bool:
        """Tell whether the main encoder is gone, so that the period cannot go on."""
        return self.main.has_died

    @property
    def has_audio(self) -> bool:
        """Tell whether the period has sound."""
        return any(not isinstance(output, VideoOutput) for output in self.plan.outputs)

    @property
    def has_video(self) -> bool:
        """Tell whether the period has pictures."""
        return any(isinstance(output, VideoOutput) for output in self.plan.outputs)

    @property
    def transcoders(self) -> tuple[Transcoder, ...]:
        """Return the running encoders."""
        return (self.main, self.ladder) if self.ladder else (self.main,)

    def next_number(self, now_ms: int) -> int:
        """Return the first segment number that the period does not use, if it ends at this moment."""
        return max(self.boundaries.latest_number(Fraction(now_ms)), self.last_segment) + 1

    @property
    def has_media(self) -> bool:
        """Tell whether each track has something to play."""
        return self._publication.shows(self.plan.number, self.tracks)

    @property
    def tracks(self) -> tuple[str, ...]:
        """Return the names of the tracks that grow, best picture first."""
        return tuple(output.track for output in self.plan.outputs if output.track not in self.dropped)

    def behind_ms(self, transcoder: Transcoder) -> int:
        """Return how much media an encoder was given that has not come out of it yet."""
        ends = [self._ends_ms[track] for track in transcoder.plan.tracks if track in self._ends_ms]
        return max(0, transcoder.offered_ms - min(ends)) if ends else 0

    def _write(self, tag: FlvTag) -> None:
        data = flv.encode(tag)
        for transcoder in self.transcoders:
            transcoder.write(tag.timestamp_ms, data)

    async def _take(self, track: str, item: Init | MediaFragment) -> None:
        """Take what an encoder made: called for one track at a time, in order."""
        if isinstance(item, Init):
            await self._take_init(track, item)
            return
        await self._has_begun.wait()
        cutter = self._cutters.get(track)
        if cutter is None:
            return
        init = self._inits[track]
        for cut in cutter.feed(item):
            await self._publish(track, cut)
            self._ends_ms[track] = int(Fraction((item.decode_time + item.duration) * 1000, init.timescale))

    async def _take_init(self, track: str, init: Init) -> None:
        if track in self._inits:
            # The same encoder settings after a rendition was dropped: the same bytes.
            return
        self._inits[track] = init
        self._cutters[track] = TrackCutter(
            self.boundaries,
            init,
            next_part=self._publication.next_part(track),
            not_before_ms=self.plan.not_before_ms,
        )
        if self._inits.keys() >= set(self.plan.main.tracks):
            self._has_main_inits.set()
        if len(self._inits) == len(self.plan.outputs):
            self._has_all_inits.set()
        if self._has_begun.is_set():
            await self._name((track,))
        elif len(self._inits) == 1:
            task = asyncio.create_task(self._begin())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self) -> None:
        """Name the period once every encoder has begun, or the ladder was waited for."""
        await self._has_main_inits.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._has_all_inits.wait(), WAIT_FOR_INITS_S)
        try:
            await self._name(tuple(self._inits))
        except Exception as failure:  # noqa: BLE001 -- whoever publishes next learns of it
            self._publication.fail(failure)
            return
        finally:
            self._has_begun.set()
        # Whoever came while the others were being named.
        late = tuple(track for track in self._inits if all(each.name != track for each in self._described.tracks))
        if late:
            await self._name(late)

    async def _name(self, tracks: Sequence[str]) -> None:
        async with self._describing:
            self._described = self._describe()
            await self._publication.begin_period(self._described, {track: self._inits[track].data for track in tracks})

    def _describe(self) -> edge.Period:
        tracks = tuple(
            self._describe_track(output, self._inits[output.track])
            for output in self.plan.outputs
            if output.track in self._inits
        )
        return edge.Period(
            number=self.plan.number, tracks=tuple(sorted(tracks, key=lambda track: -(track.height or 0)))
        )

    def _describe_track(self, output: Output, init: Init) -> edge.Track:
        if not isinstance(output, VideoOutput):
            return edge.Track(
                name=output.track,
                kind=edge.TrackKind.AUDIO,
                codec=init.codec,
                timescale=init.timescale,
                bandwidth_bps=self._rates.get(output.track, AUDIO_BPS),
                sample_rate_hz=init.timescale,
                channels=init.channels,
            )
        declared = self.plan.declared_video_bps or UNKNOWN_SOURCE_BPS
        expected = int((output.maxrate_bps or declared) * ROOM)
        return edge.Track(
            name=output.track,
            kind=edge.TrackKind.VIDEO,
            codec=init.codec,
            timescale=init.timescale,
            bandwidth_bps=max(expected, self._rates.get(output.track, 0)),
            width=init.width,
            height=init.height,
            frame_rate=self.plan.main.frame_rate,
        )

    async def _publish(self, track: str, cut: CutPart | CutSegment) -> None:
        number = cut.segment_number if isinstance(cut, CutPart) else cut.number
        self.last_segment = max(self.last_segment, number)
        boundary = self.boundaries.boundary(number)
        if boundary is None:
            raise AssertionError(f"segment {number} begins nowhere")
        at = self._wall.at(boundary.present_ms)
        if isinstance(cut, CutPart):
            await self._publication.part(self.plan.number, track, cut, at)
            return
        await self._publication.segment(self.plan.number, track, cut, at)
        await self._note_rate(track, cut)

    async def _note_rate(self, track: str, cut: CutSegment) -> None:
        """Raise a track's announced rate when a segment exceeds it: players choose by it."""
        duration_s = Fraction(cut.duration, self._inits[track].timescale)
        rate_bps = int(len(cut.data) * 8 / duration_s) if duration_s >= 1 else 0
        announced = next((each.bandwidth_bps for each in self._described.tracks if each.name == track), 0)
        if rate_bps <= announced:
            return
        async with self._describing:
            self._rates[track] = int(rate_bps * ROOM)
            tracks = tuple(
                each.model_copy(update={"bandwidth_bps": self._rates.get(each.name, each.bandwidth_bps)})
                for each in self._described.tracks
            )
            self._described = self._described.model_copy(update={"tracks": tracks})
            await self._publication.change_period(self._described)
