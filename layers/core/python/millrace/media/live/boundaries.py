"""Decide where live segments begin, once for all tracks.

The ingest sees each key frame of the publisher before the encoders do. It decides here, and every track then cuts
its own fragments at the same moments: segments of the same number cover the same time in every track.
Times are milliseconds of the publisher's clock, as RTMP counts.
"""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = ["LONGEST_SEGMENT_MS", "Boundaries", "Boundary"]

# Rounded to whole seconds no segment may exceed a target duration of 2 s (RFC 8216bis 4.4.3.1), and sound, which is
# cut to the nearest part, may be a whole part longer than the picture.
LONGEST_SEGMENT_MS: Final = 2150
SEGMENT_MS: Final = 2000
# Frame times are rounded to milliseconds: a segment of 1.95 s counts as one of two seconds.
FULL_MS: Final = 1950
SHORTEST_MS: Final = 400
RECENT_GOPS: Final = 4
# Who asks for a segment asks for one of the last minutes; days of them would be a leak.
REMEMBERED: Final = 1024


@dataclass(frozen=True, slots=True)
class Boundary:
    """Say where a segment begins: its key frame is decoded and shown at these times."""

    number: int
    decode_ms: Fraction
    present_ms: Fraction


class Boundaries:
    """Number the segments of one period.

    With a `grid_from` boundaries lie every two seconds from there: the encoders put key frames on that grid, or there
    are no pictures at all. Without it they lie on key frames of the publisher, told by `keyframe`.
    """

    def __init__(self, first_number: int, grid_from: Fraction | None = None) -> None:
        self.first_number = first_number
        self._grid_from = grid_from
        self._known: deque[Boundary] = deque(maxlen=REMEMBERED)
        self._first: Boundary | None = None
        self._recent_gops: deque[Fraction] = deque(maxlen=RECENT_GOPS)
        self._last_keyframe: Fraction | None = None

    @property
    def is_grid(self) -> bool:
        """Tell whether boundaries come from a clock instead of key frames."""
        return self._grid_from is not None

    def keyframe(self, decode_ms: Fraction, present_ms: Fraction) -> Boundary | None:
        """Note a key frame of the publisher; return the boundary when a segment begins with it."""
        if self.is_grid:
            return None
        if self._last_keyframe is not None:
            self._recent_gops.append(decode_ms - self._last_keyframe)
        self._last_keyframe = decode_ms
        if self._known and not self._is_due(decode_ms):
            return None
        number = self._known[-1].number + 1 if self._known else self.first_number
        boundary = Boundary(number, decode_ms, present_ms)
        self._known.append(boundary)
        self._first = self._first or boundary
        return boundary

    def _is_due(self, decode_ms: Fraction) -> bool:
        """Tell whether to cut here: the segment is full, or one more GOP like the last ones would make it too long."""
        elapsed = decode_ms - self._known[-1].decode_ms
        longest_gop = max(self._recent_gops, default=Fraction(SEGMENT_MS))
        return elapsed >= FULL_MS or (elapsed >= SHORTEST_MS and elapsed + longest_gop > LONGEST_SEGMENT_MS)

    def since_keyframe_ms(self, decode_ms: Fraction) -> Fraction:
        """Return how long ago the publisher's last key frame was; 0 before the first."""
        return decode_ms - self._last_keyframe if self._last_keyframe is not None else Fraction(0)

    def first(self) -> Boundary | None:
        """Return where the period begins, once that is known."""
        if self._grid_from is not None:
            return Boundary(self.first_number, self._grid_from, self._grid_from)
        return self._first

    def latest_number(self, now_ms: Fraction) -> int:
        """Return the number of the segment that a moment lies in; one less than the first before it begins."""
        if self._grid_from is not None:
            return self.first_number + int((now_ms - self._grid_from) // SEGMENT_MS)
        return self._known[-1].number if self._known else self.first_number - 1

    def boundary(self, number: int) -> Boundary | None:
        """Return where a segment begins; None while nobody knows."""
        if self._grid_from is not None:
            at = self._grid_from + SEGMENT_MS * (number - self.first_number)
            return Boundary(number, at, at)
        if not self._known:
            return None
        place = number - self._known[0].number
        return self._known[place] if 0 <= place < len(self._known) else None
