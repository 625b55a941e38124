"""Make numbered parts and segments of one track from its fragments."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from millrace.media.live.boundaries import Boundaries, Boundary
from millrace.media.live.fragments import Init, MediaFragment

__all__ = ["CutPart", "CutSegment", "TrackCutter"]

# Clocks of milliseconds and of 1/90000 s differ by less.
TOLERANCE_MS: Final = 2
# An encoder that missed a key frame must not bring the numbers of its track out of step for good.
OVERDUE_MS: Final = 700


@dataclass(frozen=True, slots=True)
class CutPart:
    """Hold a part; `number` counts on through the whole session, times are ticks.

    `keyframe_bytes` are its first bytes up to the end of its key frame; 0 without one, and for sound.
    """

    number: int
    segment_number: int
    data: bytes
    decode_time: int
    duration: int
    is_independent: bool
    keyframe_bytes: int
    closes_segment: bool


@dataclass(frozen=True, slots=True)
class CutSegment:
    """Hold a complete segment: exactly its parts, one after the other.

    `keyframe_bytes` are those of its first part.
    """

    number: int
    data: bytes
    decode_time: int
    presentation_time: int
    duration: int
    part_count: int
    keyframe_bytes: int


@dataclass(slots=True)
class _Open:
    number: int
    first: MediaFragment
    parts: list[bytes] = field(default_factory=list)
    duration: int = 0


class TrackCutter:
    """Cut one track of one period.

    ffmpeg writes offsets such that a key frame is decoded when it is shown, so one clock serves all tracks.
    `not_before_ms` drops what is older: the encoder saw those pictures only to come into step.
    """

    def __init__(
        self,
        boundaries: Boundaries,
        init: Init,
        *,
        next_part: int,
        not_before_ms: Fraction | None = None,
    ) -> None:
        self._boundaries = boundaries
        self._init = init
        self.next_part = next_part
        self._not_before_ms = not_before_ms
        self._open: _Open | None = None
        self._next_number = boundaries.first_number

    def feed(self, fragment: MediaFragment) -> Iterator[CutPart | CutSegment]:
        """Add a fragment; yield the part that it is, and the segments that end with it or before it."""
        number = self._segment_of(fragment)
        if number is None:
            return
        if self._open is not None and number > self._open.number:
            yield self._close()
        if self._open is None:
            self._open = _Open(number, fragment)
        current = self._open
        current.parts.append(fragment.data)
        current.duration += fragment.duration
        closes = self._ends_segment(current, fragment)
        yield CutPart(
            number=self.next_part,
            segment_number=current.number,
            data=fragment.data,
            decode_time=fragment.decode_time,
            duration=fragment.duration,
            is_independent=fragment.is_sync,
            keyframe_bytes=self._keyframe_bytes(fragment),
            closes_segment=closes,
        )
        self.next_part += 1
        if closes:
            yield self._close()

    def finish(self) -> Iterator[CutSegment]:
        """Close what is open: the period is over."""
        if self._open is not None:
            yield self._close()

    def _segment_of(self, fragment: MediaFragment) -> int | None:
        """Return the segment that a fragment belongs to; None for what lies before the first one."""
        start_ms = self._ms(fragment.presentation_time)
        if self._is_too_early(fragment, start_ms):
            return None
        number = self._open.number if self._open else self._next_number
        while (following := self._boundaries.boundary(number + 1)) and self._reaches(fragment, start_ms, following):
            number += 1
        return number

    def _is_too_early(self, fragment: MediaFragment, start_ms: Fraction) -> bool:
        if self._open is not None or self._next_number > self._boundaries.first_number:
            return False
        first = self._boundaries.first()
        if first is None or (self._init.is_video and not fragment.is_sync):
            return True
        earliest = max(first.present_ms, self._not_before_ms or first.present_ms)
        return start_ms < earliest - self._slack_ms(fragment)

    def _reaches(self, fragment: MediaFragment, start_ms: Fraction, boundary: Boundary) -> bool:
        """Tell whether a fragment lies in the segment that begins there: sound to the nearest fragment."""
        late_ms = start_ms - boundary.present_ms
        if self._init.is_video and not fragment.is_sync:
            return late_ms > OVERDUE_MS
        return late_ms >= -self._slack_ms(fragment)

    def _ends_segment(self, current: _Open, fragment: MediaFragment) -> bool:
        """Tell whether the next fragment will begin another segment: it need not be waited for."""
        following = self._boundaries.boundary(current.number + 1)
        if following is None:
            return False
        end_ms = self._ms(fragment.decode_time + fragment.duration)
        if self._init.is_video and self._boundaries.is_grid:
            # The key frame is the first picture at or behind the place on the grid, never one before.
            return end_ms >= following.present_ms
        return end_ms >= following.present_ms - self._slack_ms(fragment)

    def _slack_ms(self, fragment: MediaFragment) -> Fraction:
        return Fraction(TOLERANCE_MS) if self._init.is_video else self._ms(fragment.duration) / 2

    def _close(self) -> CutSegment:
        done = self._open
        if done is None:
            raise AssertionError("no segment is open")
        self._open = None
        self._next_number = done.number + 1
        return CutSegment(
            number=done.number,
            data=b"".join(done.parts),
            decode_time=done.first.decode_time,
            presentation_time=done.first.presentation_time,
            duration=done.duration,
            part_count=len(done.parts),
            keyframe_bytes=self._keyframe_bytes(done.first),
        )

    def _keyframe_bytes(self, fragment: MediaFragment) -> int:
        return fragment.keyframe_bytes if self._init.is_video else 0

    def _ms(self, ticks: int) -> Fraction:
        return Fraction(ticks * 1000, self._init.timescale)
