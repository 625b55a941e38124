"""Measure a stream over its last seconds: what `GET /api/live/{id}/health` shows."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.format import Seen

__all__ = ["Meter"]

WINDOW_MS: Final = 5000
DROPS_S: Final = 60
# A frame that takes three times its turn means that others were left out.
GAP_FACTOR: Final = 3


@dataclass(frozen=True, slots=True)
class _Mark:
    timestamp_ms: int
    size_bytes: int
    is_video: bool
    arrived_s: float


class Meter:
    """Count what one publish sends; every tag is noted once, times already corrected."""

    def __init__(self) -> None:
        self._dropped: deque[tuple[float, int]] = deque()
        self.last_arrival_s: float | None = None
        self.key_frame_interval_ms: int | None = None
        self._marks: deque[_Mark] = deque()
        self._last_ms: dict[TagKind, int] = {}
        self._last_key_ms: int | None = None
        self._step_ms = 0.0
        self._behind: tuple[float, int] | None = None

    def note(self, tag: FlvTag, seen: Seen, arrived_s: float) -> None:
        """Count a tag."""
        self.last_arrival_s = arrived_s
        if not seen.is_frame:
            return
        is_video = tag.kind is TagKind.VIDEO
        if is_video:
            self._note_frame(tag.timestamp_ms, arrived_s, is_key=seen.is_key_frame)
        self._last_ms[tag.kind] = tag.timestamp_ms
        self._marks.append(_Mark(tag.timestamp_ms, len(tag.payload), is_video, arrived_s))
        while self._marks[0].arrived_s < arrived_s - WINDOW_MS / 1000:
            self._marks.popleft()

    def _note_frame(self, timestamp_ms: int, arrived_s: float, *, is_key: bool) -> None:
        last_ms = self._last_ms.get(TagKind.VIDEO)
        if last_ms is not None:
            step_ms = timestamp_ms - last_ms
            if self._step_ms and step_ms > GAP_FACTOR * self._step_ms:
                self._dropped.append((arrived_s, round(step_ms / self._step_ms) - 1))
            elif step_ms > 0:
                self._step_ms += (step_ms - self._step_ms) / (16 if self._step_ms else 1)
        if is_key:
            if self._last_key_ms is not None:
                self.key_frame_interval_ms = timestamp_ms - self._last_key_ms
            self._last_key_ms = timestamp_ms

    @property
    def dropped_frames(self) -> int:
        """Return how many frames the encoder left out within the last minute."""
        while self._dropped and self._dropped[0][0] < (self.last_arrival_s or 0) - DROPS_S:
            self._dropped.popleft()
        return sum(count for _, count in self._dropped)

    @property
    def bitrate_bps(self) -> int | None:
        """Return what arrived over the last seconds."""
        span_s = self._span_s()
        # What came first began the window and does not belong to its time.
        arrived_bytes = sum(mark.size_bytes for mark in self._marks) - self._marks[0].size_bytes if span_s else 0
        return int(arrived_bytes * 8 / span_s) if span_s else None

    @property
    def frame_rate(self) -> float | None:
        """Return the frames a second of the stream's own time."""
        times = [mark.timestamp_ms for mark in self._marks if mark.is_video]
        span_ms = times[-1] - times[0] if times else 0
        return round((len(times) - 1) * 1000 / span_ms, 2) if span_ms > 0 else None

    @property
    def av_skew_ms(self) -> int | None:
        """Return how much later the sound is than the picture; None without both."""
        if len(self._last_ms) < 2:
            return None
        return self._last_ms[TagKind.AUDIO] - self._last_ms[TagKind.VIDEO]

    def encode_speed(self, behind_ms: int) -> float | None:
        """Return how fast media is encoded, 1 being as fast as it comes, since the last call; None at the first."""
        before, now_s = self._behind, self.last_arrival_s
        if now_s is None:
            return None
        self._behind = (now_s, behind_ms)
        if before is None or now_s - before[0] < 0.5:
            return None
        return round(max(0.0, 1 - (behind_ms - before[1]) / 1000 / (now_s - before[0])), 2)

    def _span_s(self) -> float:
        """Return how long the window is: what arrived in one burst says nothing about a rate."""
        span_s = self._marks[-1].arrived_s - self._marks[0].arrived_s if self._marks else 0.0
        return span_s if span_s >= 1 else 0.0
