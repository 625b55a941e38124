"""Tie the stream's time line to the time of day: PROGRAM-DATE-TIME."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

__all__ = ["WallClock"]


class WallClock:
    """Learn from the first tags when media time zero was, then never change: all playlists must agree.

    The earliest arrival counts, because a network can only delay.
    """

    def __init__(self) -> None:
        self._zero_ms: float | None = None
        self._is_frozen = False

    def note(self, timestamp_ms: int, arrived_at: datetime) -> None:
        """Note when a tag arrived."""
        if self._is_frozen:
            return
        zero_ms = arrived_at.timestamp() * 1000 - timestamp_ms
        self._zero_ms = zero_ms if self._zero_ms is None else min(zero_ms, self._zero_ms)

    def at(self, media_ms: Fraction) -> datetime:
        """Return the time of day of a moment of the stream, to the millisecond."""
        self._is_frozen = True
        whole_ms = round((self._zero_ms or 0.0) + float(media_ms))
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=whole_ms)
