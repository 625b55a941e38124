"""One publish from its first tag to its last: periods, restarts, and what the platform is told of it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from millrace.live.errors import LeaseLost
from millrace.media.flv import FlvTag, TagKind
from millrace.media.live.boundaries import LONGEST_SEGMENT_MS, Boundaries
from millrace.platform.clock import now
from rtmp_ingest.format import Seen, StreamFormat
from rtmp_ingest.meter import Meter
from rtmp_ingest.opening import Opening
from rtmp_ingest.period import Period
from rtmp_ingest.planning import can_copy, plan_period
from rtmp_ingest.publication import Publication
from rtmp_ingest.rtmp.clock import Clock
from rtmp_ingest.shedding import Load, Shed, Shedding
from rtmp_ingest.silence import Silence
from rtmp_ingest.transcoder import QUEUE_BYTES
from rtmp_ingest.wall_clock import WallClock

__all__ = ["LiveStream", "StreamSettings"]

logger = logging.getLogger(__name__)

# A picture or sound that stays away for longer is left out of a new period, until it comes back.
ABSENT_MS: Final = 4000
# Nothing that could be played has come of all that was sent.
NOTHING_USABLE_S: Final = 20.0
# Encoders that die this often will not do better the next time.
MOST_DEATHS: Final = 5
MAX_GOP_BYTES: Final = 16 << 20
# An encoder of ours that starts inside a GOP decodes it from its key frame on, faster than life, but not by magic.
LONGEST_REPLAY_MS: Final = 6000
# After so many GOPs that fit, the source is copied again: one key frame that was lost must not cost a core for hours.
# Each time it takes as many more, for encoders that cannot decide.
FITTING_GOPS: Final = 10


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What does not change during a stream.

    `dismiss` ends the publish, with a sentence for the streamer.
    """

    ffmpeg: str
    ladder: tuple[int, ...]
    first_period: int
    first_segment: int
    start_ms: int
    dismiss: Callable[[str], None]


class LiveStream:
    """Take the tags of one publish. `write` is called for one tag after the other, `close` once at the end."""

    def __init__(self, settings: StreamSettings, publication: Publication) -> None:
        self.format = StreamFormat()
        self.meter = Meter()
        self.clock = Clock(settings.start_ms)
        self.silence = Silence()
        self.period: Period | None = None
        self.dropped: tuple[str, ...] = ()
        self.deaths = 0
        self.is_copied = False
        self._settings = settings
        self._publication = publication
        self._wall = WallClock()
        self._opening = Opening()
        self._next_period = settings.first_period
        self._next_segment = settings.first_segment
        self._needs_grid = False
        self._grid_count = 0
        self._fitting_gops = 0
        self._replay: deque[tuple[FlvTag, Seen]] = deque()
        self._replay_bytes = 0
        self._last_ms: dict[TagKind, int] = {}
        # When the frame before the one that is being taken was, of the same kind.
        self._before_ms = 0
        self._after: tuple[asyncio.Event, ...] = ()
        self._retiring: set[asyncio.Task[None]] = set()
        self._shedding = Shedding()
        self._to_shed = Shed.NOTHING
        self._began_s = time.monotonic()
        self._is_dismissed = False
        # While a tag is taken the publisher is held up by us, and is not silent.
        self.is_busy = False

    async def write(self, tag: FlvTag) -> None:
        """Take a tag; waits while the encoders or storage have too much."""
        if self._is_dismissed:
            return
        self.is_busy = True
        try:
            await self._write(tag)
        finally:
            self.is_busy = False

    async def _write(self, tag: FlvTag) -> None:
        arrived_s = time.monotonic()
        tag = self.clock.corrected(tag, arrived_s)
        seen = self.format.note(tag)
        self.meter.note(tag, seen, arrived_s)
        if self.format.problem:
            self._dismiss(self.format.problem)
            return
        if self._publication.failure is not None:
            self._give_up(self._publication.failure)
            return
        for filling in self.silence.before(tag, seen):
            self._last_ms[TagKind.AUDIO] = filling.timestamp_ms
            await self._take(filling, Seen(TagKind.AUDIO, is_frame=True))
        if not self.silence.admits(tag):
            return
        if seen.is_frame:
            self._wall.note(tag.timestamp_ms, now())
            self._before_ms = self._last_ms.get(tag.kind, tag.timestamp_ms)
            self._last_ms[tag.kind] = tag.timestamp_ms
        if seen.is_key_frame:
            fits = (self.meter.key_frame_interval_ms or LONGEST_SEGMENT_MS) <= LONGEST_SEGMENT_MS
            self._fitting_gops = self._fitting_gops + 1 if fits else 0
        await self._take(tag, seen)

    async def close(self) -> None:
        """Publish what there is, and stop."""
        self._retire()
        if self._retiring:
            await asyncio.gather(*self._retiring, return_exceptions=True)
        self._publication.stop()

    def check(self, now_s: float) -> None:
        """Look after the stream, about once a second: something usable must come, and the encoders must keep up."""
        if self.period is None:
            if now_s - self._began_s > NOTHING_USABLE_S:
                self._dismiss(self._what_is_missing())
            return
        if self.period.has_media:
            self._began_s = now_s
        elif now_s - self._began_s > NOTHING_USABLE_S:
            self._dismiss("what you send cannot be decoded: check your encoder's settings")
        self._to_shed = self._shedding.judge(self._load(self.period), now_s)
        if self.period.ladder and self.period.ladder.has_died:
            # Segments would wait for its tracks for ever.
            self._to_shed = Shed.ALL

    def _load(self, period: Period) -> Load:
        ladder = period.ladder
        queued = ladder.queued_bytes / QUEUE_BYTES if ladder else 0.0
        behind_ms = max(period.behind_ms(period.main), period.behind_ms(ladder) if ladder else 0)
        return Load(behind_ms, queued, self._publication.uploader.fill)

    def _what_is_missing(self) -> str:
        if self.format.video_codec is None and self.format.audio_codec is None:
            return "neither picture nor sound arrived: check your encoder's settings"
        return "no key frame arrived: set a keyframe interval of 2 s in your encoder's settings"

    async def _take(self, tag: FlvTag, seen: Seen) -> None:
        if self.period is not None and self._must_begin_anew(self.period, tag, seen):
            self._retire()
        if self.period is None:
            self._opening.add(tag, seen)
            if self._opening.is_ready():
                await self._begin(self._opening)
            return
        await self._give(self.period, tag, seen)

    async def _give(self, period: Period, tag: FlvTag, seen: Seen) -> None:
        """Give a tag to the running period."""
        boundary = None
        if seen.is_key_frame:
            at_ms = Fraction(tag.timestamp_ms)
            boundary = period.boundaries.keyframe(at_ms, at_ms + seen.composition_ms)
        number = boundary.number if boundary else None
        if self._to_shed is not Shed.NOTHING and (number is not None or self._to_shed is Shed.ALL):
            await self._shed(period, number)
        if seen.is_frame and tag.kind is TagKind.AUDIO and period.has_video:
            period.boundaries.sound(Fraction(tag.timestamp_ms))
        self._remember(tag, seen)
        if self._must_step_in(period, tag, seen):
            await self._begin_on_grid(period, tag)
            return
        await period.write(tag)

    async def _shed(self, period: Period, number: int | None) -> None:
        """Drop renditions: from a segment on, or at once where waiting for one would take too long."""
        if number is None:
            number = period.last_segment + 1
        gone = await period.shed(number, self.format.configurations, all_of_it=self._to_shed is Shed.ALL)
        self._to_shed = Shed.NOTHING
        if gone:
            self.dropped += gone
            logger.warning("renditions dropped", extra={"tracks": gone, "session": self._publication.session_id})

    def _must_begin_anew(self, period: Period, tag: FlvTag, seen: Seen) -> bool:
        """Tell whether what follows does not fit to what was encoded so far."""
        if period.has_died:
            self.deaths += 1
            if self.deaths > MOST_DEATHS:
                self._dismiss("what you send cannot be decoded: check your encoder's settings")
            return True
        if seen.is_new_format:
            return True
        if not seen.is_frame:
            return False
        if seen.is_key_frame and (not period.has_video or self._is_overdue(period, tag)):
            return True
        if seen.is_key_frame and self._needs_grid and self._fitting_gops >= FITTING_GOPS * self._grid_count:
            logger.info("key frames fit again", extra={"session": self._publication.session_id})
            self._needs_grid = False
            return True
        if seen.is_key_frame and not period.has_audio and self._is_present(TagKind.AUDIO, tag):
            return True
        other = TagKind.AUDIO if tag.kind is TagKind.VIDEO else TagKind.VIDEO
        expects_other = period.has_audio if other is TagKind.AUDIO else period.has_video
        may_begin = seen.is_key_frame or tag.kind is TagKind.AUDIO
        return expects_other and may_begin and not self._is_present(other, tag)

    def _is_present(self, kind: TagKind, at: FlvTag) -> bool:
        last_ms = self._last_ms.get(kind)
        return last_ms is not None and at.timestamp_ms - last_ms <= ABSENT_MS

    def _is_overdue(self, period: Period, tag: FlvTag) -> bool:
        """Tell whether pictures stood still for so long that no segment may last until this one."""
        return period.boundaries.is_overdue(Fraction(tag.timestamp_ms), Fraction(self._before_ms))

    def _must_step_in(self, period: Period, tag: FlvTag, seen: Seen) -> bool:
        """Tell whether our own encoder has to begin here, between two key frames of the publisher."""
        if tag.kind is not TagKind.VIDEO or not seen.is_frame or not period.has_video:
            return False
        if not self._is_overdue(period, tag):
            return False
        return not period.boundaries.is_grid or self._can_replay(tag)

    def _can_replay(self, tag: FlvTag) -> bool:
        if not self._replay or self._replay_bytes > MAX_GOP_BYTES:
            return False
        first, seen = self._replay[0]
        return seen.is_key_frame and tag.timestamp_ms - first.timestamp_ms <= LONGEST_REPLAY_MS

    def _remember(self, tag: FlvTag, seen: Seen) -> None:
        """Keep the tags since the last key frame: an encoder that has to step in needs them."""
        if seen.is_key_frame:
            self._replay.clear()
            self._replay_bytes = 0
        if self._replay_bytes <= MAX_GOP_BYTES:
            self._replay.append((tag, seen))
            self._replay_bytes += len(tag.payload)

    async def _begin(self, opening: Opening) -> None:
        """Begin a period with what was held back."""
        copies = can_copy(self.format) and not self._needs_grid
        first = opening.key_frame[0] if opening.key_frame else opening.tags[0][0]
        first_ms = Fraction(first.timestamp_ms)
        if opening.key_frame:
            first_ms += opening.key_frame[1].composition_ms
        is_grid = not (opening.has_video and copies)
        await self._start(
            opening.has_video,
            opening.has_audio,
            Boundaries(self._next_segment, grid_from=first_ms if is_grid else None),
            opening.tags[0][0].timestamp_ms,
            grid_after_s=Fraction(0) if is_grid else None,
        )
        held = list(opening.tags)
        self._opening = Opening()
        for tag, seen in held:
            if self.period is not None:
                await self._give(self.period, tag, seen)

    async def _begin_on_grid(self, period: Period, tag: FlvTag) -> None:
        """Encode the picture ourselves from here on: the publisher's key frames are too far apart to cut at."""
        logger.warning("key frames too far apart", extra={"session": self._publication.session_id})
        if can_copy(self.format) and not self._needs_grid:
            self._needs_grid = True
            self._grid_count += 1
            self._fitting_gops = 0
        held = list(self._replay)
        key_frame = next(((each, seen) for each, seen in held if seen.is_key_frame), None)
        has_audio = period.has_audio
        self._retire()
        if key_frame is None:
            return
        # Pictures are shown as much later than they are decoded as the key frame is.
        here_ms = Fraction(tag.timestamp_ms + key_frame[1].composition_ms)
        shown_ms = Fraction(key_frame[0].timestamp_ms + key_frame[1].composition_ms)
        await self._start(
            True,
            has_audio,
            Boundaries(self._next_segment, grid_from=here_ms),
            held[0][0].timestamp_ms,
            grid_after_s=(here_ms - shown_ms) / 1000,
            not_before_ms=here_ms,
        )
        for each, _ in held:
            if self.period is not None:
                await self.period.write(each)

    async def _start(
        self,
        has_video: bool,
        has_audio: bool,
        boundaries: Boundaries,
        first_ms: int,
        *,
        grid_after_s: Fraction | None = None,
        not_before_ms: Fraction | None = None,
    ) -> None:
        plan = plan_period(
            self.format,
            number=self._next_period,
            has_video=has_video,
            has_audio=has_audio,
            ladder=self._ladder(),
            copies=has_video and grid_after_s is None,
            grid_after_s=grid_after_s if has_video else None,
            not_before_ms=not_before_ms,
        )
        self._next_period += 1
        self.is_copied = has_video and grid_after_s is None
        self.period = Period(self._settings.ffmpeg, plan, boundaries, self._publication, self._wall)
        self._began_s = time.monotonic()
        await self.period.start(self.format.configurations, first_ms, self._after)
        logger.info(
            "a period begins",
            extra={"session": self._publication.session_id, "period": plan.number, "tracks": _names(self.period)},
        )

    def _ladder(self) -> tuple[int, ...]:
        """Return the renditions to offer: what did not fit once is not tried again."""
        return tuple(side for side in self._settings.ladder if f"video_{side}p" not in self.dropped)

    def _retire(self) -> None:
        """Let the running period end by itself; the next one's media comes after its last."""
        period = self.period
        if period is None:
            return
        self.period = None
        self._opening = Opening()
        self._next_segment = period.next_number(max(self._last_ms.values(), default=0))
        self._after = (period.closed,)
        task = asyncio.create_task(self._finish(period))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _finish(self, period: Period) -> None:
        try:
            await period.finish()
        except Exception as failure:  # noqa: BLE001 -- the next tag finds it
            self._publication.fail(failure)

    def _give_up(self, failure: BaseException) -> None:
        if isinstance(failure, LeaseLost):
            self._dismiss("the stream was taken over by another connection, or has ended")
        else:
            self._dismiss("the platform cannot store the stream at the moment: please try again")

    def _dismiss(self, reason: str) -> None:
        if not self._is_dismissed:
            self._is_dismissed = True
            self._settings.dismiss(reason)


def _names(period: Period) -> tuple[str, ...]:
    return tuple(output.track for output in period.plan.outputs)
