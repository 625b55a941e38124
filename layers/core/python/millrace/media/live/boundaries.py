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
# A long GOP among short ones is expected again for a minute: a segment that turns out too long cannot be cut any more.
RECENT_GOPS: Final = 30
# A picture may come a little later than expected: sound, two half parts longer, stays below 2.5 s even then.
LATE_MS: Final = 15
# How far sound may be ahead of its pictures, in the order of arrival, before it is cut without them. It is known a part
# later than it came, and may not be longer than 2.5 s by then.
AHEAD_MS: Final = 150
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
    are no pictures at all. Without it they lie on key frames of the publisher, told by `keyframe`; while these stay
    away, sound that goes on, told by `sound`, is cut by itself.
    """

    def __init__(self, first_number: int, grid_from: Fraction | None = None) -> None:
        self.first_number = first_number
        self._grid_from = grid_from
        self._known: deque[Boundary] = deque(maxlen=REMEMBERED)
        # Those of sound that had to be cut without a key frame; the next key frame may still replace them.
        self._forced: deque[Boundary] = deque()
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
        while self._forced and self._forced[0].number <= number:
            self._forced.popleft()
        self._first = self._first or boundary
        return boundary

    def sound(self, present_ms: Fraction) -> None:
        """Note how far sound has come: where pictures stand still it must not fill a segment for ever."""
        if self.is_grid or not self._known:
            return
        last = self._forced[-1] if self._forced else self._known[-1]
        if present_ms - last.present_ms >= LONGEST_SEGMENT_MS + AHEAD_MS:
            at = last.present_ms + SEGMENT_MS
            self._forced.append(Boundary(last.number + 1, at, at))

    def is_overdue(self, decode_ms: Fraction, before_ms: Fraction) -> bool:
        """Tell whether a picture comes so late that the segment of the one before it would be too long.

        That one is shown until this one comes.
        """
        if self._grid_from is not None:
            begin_ms = self._grid_from + (before_ms - self._grid_from) // SEGMENT_MS * SEGMENT_MS
            return decode_ms - begin_ms > LONGEST_SEGMENT_MS + AHEAD_MS
        return bool(self._known) and decode_ms - self._known[-1].decode_ms > LONGEST_SEGMENT_MS + LATE_MS

    def _is_due(self, decode_ms: Fraction) -> bool:
        """Tell whether to cut here: the segment is full, or one more GOP like the last ones would make it too long."""
        elapsed = decode_ms - self._known[-1].decode_ms
        longest_gop = max(self._recent_gops, default=Fraction(SEGMENT_MS))
        return elapsed >= FULL_MS or (elapsed >= SHORTEST_MS and elapsed + longest_gop > LONGEST_SEGMENT_MS)

    def first(self) -> Boundary | None:
        """Return where the period begins, once that is known."""
        if self._grid_from is not None:
            return Boundary(self.first_number, self._grid_from, self._grid_from)
        return self._first

    def latest_number(self, now_ms: Fraction) -> int:
        """Return the number of the segment that a moment lies in; one less than the first before it begins."""
        if self._grid_from is not None:
            return self.first_number + int((now_ms - self._grid_from) // SEGMENT_MS)
        last = self._forced or self._known
        return last[-1].number if last else self.first_number - 1

    def boundary(self, number: int) -> Boundary | None:
        """Return where a segment begins; None while nobody knows."""
        if self._grid_from is not None:
            at = self._grid_from + SEGMENT_MS * (number - self.first_number)
            return Boundary(number, at, at)
        if not self._known:
            return None
        place = number - self._known[0].number
        if 0 <= place < len(self._known):
            return self._known[place]
        return next((forced for forced in self._forced if forced.number == number), None)
