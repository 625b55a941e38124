"""Put the timestamps of a publish on one line that never runs back and never leaps.

Encoders wrap at 32 bits, jump when their clock is set, start anywhere, and sound and pictures cross a jump one
after the other. What comes out starts near `start_ms`, rises within each track, and steps over a gap only
as far as time has really passed.
"""

from dataclasses import dataclass
from typing import Final

from millrace.media.flv import FlvTag, TagKind

__all__ = ["Clock", "Jump"]

# Room below the first tag for the other track's, which may be a little earlier.
_START_MS: Final = 1000
# Steps that need no explanation by the time that passed.
_GAP_MS: Final = 1000
# Disorder within a track that is smoothed; more is a jump.
_DISORDER_MS: Final = 100
# How far apart sound and pictures may begin.
_SKEW_MS: Final = 10_000
_LONGEST_STEP_MS: Final = 100
_HALF_RANGE: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump that was taken out: where it came, and how far the publisher's clock leapt."""

    at_ms: int
    by_ms: int


@dataclass(slots=True)
class _Track:
    last_ms: int
    step_ms: int = 0

    @property
    def expected_ms(self) -> int:
        return self.last_ms + self.step_ms


class Clock:
    """Correct the tags of one publish; tell it when each arrived, by any clock that runs evenly."""

    def __init__(self, start_ms: int = _START_MS) -> None:
        self._start_ms = start_ms
        self._tracks: dict[TagKind, _Track] = {}
        # What turns the publisher's time into ours: now, and before the last jump, for the track that is behind.
        self._offsets: list[int] = []
        self._unwrapped_ms = 0
        self._latest_ms = start_ms
        self._arrived_s = 0.0
        self.jump_count = 0
        self.last_jump: Jump | None = None

    def corrected(self, tag: FlvTag, arrived_s: float) -> FlvTag:
        """Return the tag with its time on our line."""
        if tag.kind is TagKind.SCRIPT:
            return FlvTag(tag.kind, self._latest_ms, tag.payload)
        theirs_ms = self._unwrap(tag.timestamp_ms)
        if not self._offsets:
            self._offsets, self._arrived_s = [self._start_ms - theirs_ms], arrived_s
        ours_ms = self._place(tag.kind, theirs_ms, arrived_s)
        track = self._tracks.get(tag.kind)
        if track is None:
            self._tracks[tag.kind] = _Track(ours_ms)
        else:
            # A configuration has the time of the frame behind it: that is no step.
            if ours_ms > track.last_ms:
                track.step_ms = min(ours_ms - track.last_ms, _LONGEST_STEP_MS)
            track.last_ms = ours_ms
        if ours_ms >= self._latest_ms:
            self._latest_ms, self._arrived_s = ours_ms, arrived_s
        return FlvTag(tag.kind, ours_ms, tag.payload)

    def _place(self, kind: TagKind, theirs_ms: int, arrived_s: float) -> int:
        track = self._tracks.get(kind)
        expected_ms = self._latest_ms if track is None else track.expected_ms
        earliest_ms = max(0, self._latest_ms - _SKEW_MS) if track is None else track.last_ms - _DISORDER_MS
        passed_ms = max(0, int((arrived_s - self._arrived_s) * 1000))
        latest_ms = self._latest_ms + passed_ms + _GAP_MS
        placed = [theirs_ms + offset for offset in self._offsets]
        fitting = [ours_ms for ours_ms in placed if earliest_ms <= ours_ms <= latest_ms]
        if not fitting:
            # Encoders tick on while nothing arrives, so the line goes on where the track was.
            ours_ms = max(expected_ms, self._latest_ms) if track is None else expected_ms
            self._jump(ours_ms, theirs_ms)
            return ours_ms
        ours_ms = min(fitting, key=lambda candidate: abs(candidate - expected_ms))
        return ours_ms if track is None else max(ours_ms, track.last_ms)

    def _jump(self, ours_ms: int, theirs_ms: int) -> None:
        by_ms = theirs_ms + self._offsets[0] - ours_ms
        self._offsets = [ours_ms - theirs_ms, self._offsets[0]]
        self.jump_count += 1
        self.last_jump = Jump(ours_ms, by_ms)

    def _unwrap(self, timestamp_ms: int) -> int:
        """Return a time of more than 32 bits, the one that is nearest to the time before."""
        difference = (timestamp_ms - self._unwrapped_ms + _HALF_RANGE) % (2 * _HALF_RANGE) - _HALF_RANGE
        self._unwrapped_ms += difference
        return self._unwrapped_ms
