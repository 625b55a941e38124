"""What DASH manifests say, as values (ISO/IEC 23009-1, clauses in brackets).

Segments are named by number; a SegmentTimeline, or one duration for all, times them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

__all__ = [
    "AdaptationSet",
    "Captions",
    "ClockSource",
    "Latency",
    "Live",
    "Manifest",
    "ManifestError",
    "Period",
    "Representation",
    "Run",
    "runs",
]

INITIALIZATION: Final = "$RepresentationID$/init.mp4"
MEDIA: Final = "$RepresentationID$/seg_$Number%05d$.m4s"
# How players may ask a server for its time (5.8.4.11).
CLOCK_HEAD: Final = "urn:mpeg:dash:utc:http-head:2014"
CLOCK_ISO: Final = "urn:mpeg:dash:utc:http-iso:2014"

Role = Literal["main", "alternate", "supplementary", "commentary", "dub", "caption", "subtitle", "description"]


class ManifestError(ValueError):
    """Say that a text is not a manifest of the kind that we write, or that a value cannot be written."""


@dataclass(frozen=True, slots=True)
class Run:
    """Time `count` segments of equal duration in a row (5.3.9.6: S with t, d and r = count - 1)."""

    start: int
    duration: int
    count: int


@dataclass(frozen=True, slots=True)
class Representation:
    """Describe one track; the picture has a size and a frame rate, the sound a sampling rate.

    Without a timeline `segment_duration` (in ticks) times the segments. `availability_offset_s` is how much earlier
    than its end a segment may be asked for, and `is_complete_when_available` whether it is whole by then (5.3.9.5).
    """

    id: str
    codecs: str
    bandwidth_bps: int
    timescale: int
    timeline: tuple[Run, ...]
    start_number: int = 1
    width: int | None = None
    height: int | None = None
    frame_rate: Fraction | None = None
    sampling_rate_hz: int | None = None
    channels: int | None = None
    segment_duration: int | None = None
    presentation_time_offset: int = 0
    availability_offset_s: Decimal | None = None
    is_complete_when_available: bool = True
    initialization: str = INITIALIZATION
    media: str = MEDIA


@dataclass(frozen=True, slots=True)
class AdaptationSet:
    """Group representations that a player may switch between."""

    id: int
    content: Literal["video", "audio"]
    representations: tuple[Representation, ...]
    language: str | None = None
    label: str | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Captions:
    """Offer a whole WebVTT file beside the segments; `uri` is relative to the manifest."""

    id: int
    representation_id: str
    uri: str
    language: str | None = None
    label: str | None = None
    role: Role | None = None
    bandwidth_bps: int = 256


@dataclass(frozen=True, slots=True)
class Period:
    """Hold a stretch of time in which all init segments stay the same."""

    adaptation_sets: tuple[AdaptationSet, ...]
    captions: tuple[Captions, ...] = ()
    id: str = "0"
    start_s: Decimal = Decimal(0)
    duration_s: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ClockSource:
    """Tell players where to ask what time it is (5.8.4.11)."""

    value: str
    scheme: str = CLOCK_HEAD


@dataclass(frozen=True, slots=True)
class Latency:
    """Say how far behind live players should stay, and how fast they may play to get there (annex K)."""

    target_ms: int
    min_ms: int | None = None
    max_ms: int | None = None
    min_playback_rate: Decimal | None = None
    max_playback_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """Say what changes while a presentation grows (5.3.1)."""

    availability_start: datetime
    publish_time: datetime
    minimum_update_period_s: Decimal
    time_shift_buffer_depth_s: Decimal | None = None
    suggested_presentation_delay_s: Decimal | None = None
    max_segment_duration_s: Decimal | None = None
    clock: ClockSource | None = None
    latency: Latency | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Hold a presentation: dynamic while it is live, when its duration is not known, else static."""

    duration_s: Decimal | None
    min_buffer_s: Decimal
    periods: tuple[Period, ...]
    live: Live | None = None

    @property
    def adaptation_sets(self) -> tuple[AdaptationSet, ...]:
        """Return the sets of all periods."""
        return tuple(each for period in self.periods for each in period.adaptation_sets)


def runs(segments: Iterable[tuple[int, int]]) -> tuple[Run, ...]:
    """Shorten (start, duration) pairs to runs."""
    found: list[Run] = []
    for start, duration in segments:
        last = found[-1] if found else None
        if last and last.duration == duration and last.start + last.duration * last.count == start:
            found[-1] = Run(last.start, duration, last.count + 1)
        else:
            found.append(Run(start, duration, 1))
    return tuple(found)
