"""What is known of the stored tracks: measured segments, and the rates that follow from them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from millrace.media.cmaf import MeasuredSegment

__all__ = [
    "CaptionTrack",
    "Growth",
    "MeasuredTrack",
    "Rates",
    "check_aligned",
    "check_contiguous",
    "longest",
    "peak_bandwidth_bps",
    "rates",
    "rates_of",
    "seconds",
]

_MICROSECOND: Final = Decimal("0.000001")


class MeasuredTrack(BaseModel):
    """Describe a stored rendition, or the sound: its codec and all segments so far, in order."""

    model_config = ConfigDict(frozen=True)

    name: str
    codec: str
    timescale: int
    segments: tuple[MeasuredSegment, ...]

    @property
    def duration_s(self) -> Fraction:
        """Return how long the segments play."""
        return Fraction(sum(segment.duration for segment in self.segments), self.timescale)


class CaptionTrack(BaseModel):
    """Describe stored captions, whole and in pieces; `folder` is where they lie, `language` a tag of BCP 47.

    Captions tell sounds too, subtitles only what is said.
    """

    model_config = ConfigDict(frozen=True)

    language: str
    label: str
    folder: str
    kind: Literal["captions", "subtitles"] = "captions"


@dataclass(frozen=True, slots=True)
class Growth:
    """Say since when a video could have been watched, had it been live, and when it was last added to."""

    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Rates:
    """Hold the rates of a track."""

    peak_bps: int
    average_bps: int


def check_contiguous(track: MeasuredTrack) -> None:
    """Raise ValueError unless the segments follow each other from the first one on."""
    if not track.segments:
        raise ValueError(f"{track.name} has no segments")
    if track.segments[0].number != 1 or track.segments[0].decode_time != 0:
        raise ValueError(f"{track.name} does not begin at the first segment")
    for before, after in pairwise(track.segments):
        if after.number != before.number + 1 or after.decode_time != before.decode_time + before.duration:
            raise ValueError(f"{track.name} has a hole before segment {after.number}")


def check_aligned(video: Sequence[MeasuredTrack]) -> None:
    """Require the same segment boundaries everywhere: players switch renditions there."""
    boundaries = {
        (track.timescale, tuple((segment.decode_time, segment.duration) for segment in track.segments))
        for track in video
    }
    if len(boundaries) != 1:
        raise ValueError("the renditions are not aligned")


def rates(track: MeasuredTrack, cap_bps: int, *, is_complete: bool) -> Rates:
    """Measure a track; while it grows, its cap stands for the segments to come."""
    measured = rates_of(track.timescale, [(segment.duration, segment.size_bytes) for segment in track.segments])
    if is_complete:
        return measured
    return Rates(max(measured.peak_bps, cap_bps), max(measured.average_bps, cap_bps))


def rates_of(timescale: int, pieces: Sequence[tuple[int, int]]) -> Rates:
    """Return the rates of pieces of (ticks, bytes) that follow each other."""
    ticks, size_bytes = (sum(column) for column in zip(*pieces, strict=True))
    average_bps = math.ceil(Fraction(size_bytes * 8 * timescale, ticks))
    return Rates(max(peak_bandwidth_bps(timescale, pieces), average_bps), average_bps)


def peak_bandwidth_bps(timescale: int, pieces: Sequence[tuple[int, int]]) -> int:
    """Return the largest rate over runs of half to one and a half target durations (RFC 8216bis 4.1).

    A last piece shorter than that counts only together with its neighbours.
    """
    target = max(duration for duration, _ in pieces)
    peak = Fraction(0)
    for position in range(len(pieces)):
        duration = bits = 0
        for piece_duration, size_bytes in pieces[position:]:
            duration += piece_duration
            bits += size_bytes * 8
            if 2 * duration > 3 * target:
                break
            if 2 * duration >= target:
                peak = max(peak, Fraction(bits * timescale, duration))
    return math.ceil(peak)


def longest(durations_s: Iterable[Fraction]) -> int:
    """Return the target duration of segments: the longest, rounded to a second, one at least."""
    return max(1, math.floor(max(durations_s) + Fraction(1, 2)))


def seconds(ticks: int, timescale: int) -> Decimal:
    """Return ticks as seconds, to the microsecond."""
    return (Decimal(ticks) / timescale).quantize(_MICROSECOND)
