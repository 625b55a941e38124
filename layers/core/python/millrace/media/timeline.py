"""Turn a source's own timestamps into one constant-rate grid of output frames.

Everything later counts frames of this grid: chunks, segments, keyframes. Seconds appear again only when
ffmpeg is told where to seek.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise, repeat
from typing import Final

from millrace.media.isobmff import Malformed, Moov, Track
from millrace.media.probe import DURATION_MAX_S, Packet, SourceInfo, VideoStream, too_long
from millrace.media.refusal import RefusalCode, SourceRejected

__all__ = [
    "Gap",
    "Timeline",
    "frame_rate_for",
    "is_plain_movie",
    "standard_rate",
    "timeline_from_moov",
    "timeline_from_packets",
]

NTSC: Final = Fraction(1000, 1001)
STANDARD_RATES: Final = (
    *(Fraction(rate) for rate in (10, 12, 15, 20)),
    24 * NTSC,
    *(Fraction(rate) for rate in (24, 25)),
    30 * NTSC,
    *(Fraction(rate) for rate in (30, 48, 50)),
    60 * NTSC,
    Fraction(60),
)
# Above 60 a phone's slow motion is meant, or a game's recorder; browsers show 60.
RATE_MAX: Final = Fraction(60)
# A stream's declared rate is believed when the measured one is this close (millisecond stamps of
# Matroska are off by up to 3 % over one frame).
RATE_TOLERANCE: Final = 0.05
# Sound usually starts a codec's priming before the picture: less than this is no real delay.
LEAD_FRAMES_MIN: Final = Fraction(3, 2)
# A step that differs by this share of the usual one is uneven; one such in fifty makes a variable rate.
UNEVEN: Final = Fraction(1, 5)
UNEVEN_SHARE: Final = Fraction(1, 50)
FASTER_THAN_GRID: Final = Fraction(3, 4)
# Pauses that chunks must seek over one by one; shorter ones are covered by every chunk's margin.
LONG_GAP_S: Final = 2
STILL_MAX_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Gap:
    """Mark a pause between two source frames, in seconds from the origin."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Place a source on the grid.

    `origin_s` is the source timestamp of grid frame 0; `lead_frames` stand before the first picture
    because sound begins earlier. `long_gaps` are the pauses of more than LONG_GAP_S. `source_rate` is the pace of most
    of the source's frames.
    """

    origin_s: Fraction
    frame_count: int
    frame_rate: Fraction
    lead_frames: int
    max_gap_s: float
    max_keyframe_gap_s: float
    long_gaps: tuple[Gap, ...] = ()
    source_rate: Fraction | None = None
    is_variable: bool = False

    @property
    def duration_s(self) -> Fraction:
        """Return how long the output lasts."""
        return self.frame_count / self.frame_rate


def is_plain_movie(moov: Moov, source: SourceInfo) -> bool:
    """Return whether sample tables alone give the timeline.

    Fragmented files keep samples elsewhere, and edit lists with several parts or changed speed are left to ffprobe.
    """
    if moov.is_fragmented:
        return False
    track = _video_track(moov, source)
    if track is None or track.sample_count == 0:
        return False
    media_edits = [edit for edit in track.edits if edit.media_time >= 0]
    leading_empty = all(edit.media_time == -1 for edit in track.edits[: len(track.edits) - 1])
    return not track.edits or (len(media_edits) == 1 and leading_empty and media_edits[0].is_normal_rate)


def timeline_from_moov(moov: Moov, source: SourceInfo) -> Timeline:
    """Build the timeline from an MP4's sample tables; raises Malformed when is_plain_movie is false."""
    track = _video_track(moov, source)
    if track is None or not is_plain_movie(moov, source):
        raise Malformed("the sample tables do not tell the timeline")
    first, last, shift = _presented_part(track, moov.timescale)
    stamps = []
    keys = []
    for pts, is_key in zip(_sample_pts(track), _sync_flags(track), strict=False):
        if is_key:
            keys.append(pts + shift)
        if first <= pts < last:
            stamps.append(pts + shift)
    return _timeline(stamps, keys, Fraction(1, track.timescale), source)


def timeline_from_packets(packets: Sequence[Packet], source: SourceInfo) -> Timeline:
    """Build the timeline from the packets that ffprobe lists."""
    stamps = [packet.pts for packet in packets]
    keys = [packet.pts for packet in packets if packet.is_keyframe]
    return _timeline(stamps, keys, source.video.time_base, source)


def _video_track(moov: Moov, source: SourceInfo) -> Track | None:
    """Return the track that ffprobe chose: its stream indexes follow the order of tracks."""
    if source.video.index >= len(moov.tracks):
        return None
    track = moov.tracks[source.video.index]
    return track if track.handler == "vide" else None


def _sample_pts(track: Track) -> Iterable[int]:
    """Yield each sample's presentation time in decode order, before the edit list."""
    offsets = chain(
        chain.from_iterable(repeat(offset, count) for count, offset in track.composition_offsets), repeat(0)
    )
    decode_time = 0
    deltas = chain.from_iterable(repeat(delta, count) for count, delta in track.decode_deltas)
    for delta, offset in zip(deltas, offsets, strict=False):
        yield decode_time + offset
        decode_time += delta


def _sync_flags(track: Track) -> Iterable[bool]:
    if track.sync_samples is None:
        return repeat(True, track.sample_count)
    sync = {row[0] for row in track.sync_samples}
    return (number in sync for number in range(1, track.sample_count + 1))


def _presented_part(track: Track, movie_timescale: int) -> tuple[float, float, int]:
    """Return (first, last, shift): samples with first <= pts < last are shown, at pts + shift."""
    if not track.edits:
        return -math.inf, math.inf, 0
    empty = sum(edit.segment_duration for edit in track.edits[:-1])
    edit = track.edits[-1]
    delay = round(Fraction(empty * track.timescale, movie_timescale))
    # A duration of zero means the rest of the track (8.6.6.3).
    shown = Fraction(edit.segment_duration * track.timescale, movie_timescale) or math.inf
    return edit.media_time, edit.media_time + shown, delay - edit.media_time


def _timeline(stamps: Iterable[int], keys: Iterable[int], time_base: Fraction, source: SourceInfo) -> Timeline:
    ordered = sorted(set(stamps))
    if not ordered:
        raise SourceRejected(RefusalCode.NO_VIDEO_STREAM, "The file holds no video pictures.")
    if len(ordered) == 1:
        raise SourceRejected(RefusalCode.STILL_IMAGE, "This is a single still picture, not a video.")
    first_s = ordered[0] * time_base
    rate = frame_rate_for(ordered, time_base, source.video)
    lead = _lead_frames(first_s, source.start_s, rate)
    frame_count = lead + _frames_shown(ordered, time_base, rate)
    if frame_count / rate > DURATION_MAX_S:
        raise too_long(frame_count / rate)
    origin_s = first_s - lead / rate
    key_stamps = sorted({ordered[0], *(key for key in keys if key >= ordered[0]), ordered[-1]})
    return Timeline(
        origin_s=origin_s,
        frame_count=frame_count,
        frame_rate=rate,
        lead_frames=lead,
        max_gap_s=_longest_still(ordered, time_base),
        max_keyframe_gap_s=float(max(b - a for a, b in pairwise(key_stamps)) * time_base),
        long_gaps=tuple(
            Gap(float(a * time_base - origin_s), float(b * time_base - origin_s))
            for a, b in pairwise(ordered)
            if (b - a) * time_base > LONG_GAP_S
        ),
        source_rate=1 / (_median_gap(ordered) * time_base),
        is_variable=_is_variable(ordered),
    )


def _is_variable(ordered: Sequence[int]) -> bool:
    """Return whether the pace changes: frames are missing, or more than rounding moves them about."""
    median = _median_gap(ordered)
    mean = Fraction(ordered[-1] - ordered[0], len(ordered) - 1)
    moved = sum(abs(b - a - median) > max(float(median * UNEVEN), 2.0) for a, b in pairwise(ordered))
    return abs(mean / median - 1) > RATE_TOLERANCE or moved > len(ordered) * UNEVEN_SHARE


def _frames_shown(ordered: Sequence[int], time_base: Fraction, rate: Fraction) -> int:
    """Return how many grid frames the pictures fill.

    The last picture stays as long as pictures usually do, in a slide show for seconds; it may vanish only
    where the source has more pictures than the grid.
    """
    usual_s = _median_gap(ordered) * time_base
    hold_s = usual_s if usual_s < LONG_GAP_S else Fraction(LONG_GAP_S)
    span_s = (ordered[-1] - ordered[0]) * time_base
    last_place, end = _rounded(span_s * rate), _rounded((span_s + hold_s) * rate)
    is_faster = usual_s * rate < FASTER_THAN_GRID
    return max(1, end if is_faster else max(end, last_place + 1))


def _rounded(places: Fraction) -> int:
    """Round halves up, as ffmpeg's fps filter does."""
    return math.floor(places + Fraction(1, 2))


def _median_gap(ordered: Sequence[int]) -> int:
    gaps = sorted(b - a for a, b in pairwise(ordered))
    return gaps[len(gaps) // 2]


def _longest_still(ordered: Sequence[int], time_base: Fraction) -> float:
    longest_s = float(max(b - a for a, b in pairwise(ordered)) * time_base)
    if longest_s > STILL_MAX_S:
        raise SourceRejected(
            RefusalCode.BROKEN_TIMESTAMPS,
            f"The video stands still for {longest_s / 3600:.1f} hours: its timestamps are broken.",
        )
    return longest_s


def _lead_frames(first_s: Fraction, start_s: Fraction, rate: Fraction) -> int:
    """Return whole frames between the container's start and the first picture."""
    delay_frames = (first_s - start_s) * rate
    if delay_frames < LEAD_FRAMES_MIN:
        return 0
    if delay_frames / rate > STILL_MAX_S:
        raise SourceRejected(RefusalCode.BROKEN_TIMESTAMPS, "The picture begins more than an hour after the sound.")
    return _rounded(delay_frames)


def frame_rate_for(ordered: Sequence[int], time_base: Fraction, video: VideoStream) -> Fraction:
    """Return the standard rate that fits best, at most RATE_MAX.

    The declared rate wins where the stamps agree; phones with a variable rate declare nonsense
    (90000/1), there the median gap decides.
    """
    median = 1 / (_median_gap(ordered) * time_base)
    mean = (len(ordered) - 1) / ((ordered[-1] - ordered[0]) * time_base)
    if video.frame_rate and abs(video.frame_rate / median - 1) < RATE_TOLERANCE:
        return standard_rate(video.frame_rate)
    # A regular stream's mean is exact where its single gaps are rounded.
    return standard_rate(mean if abs(mean / median - 1) < RATE_TOLERANCE else median)


def standard_rate(rate: Fraction) -> Fraction:
    """Return the nearest standard rate; 120 becomes 60 and 100 becomes 50, anything else above 60 is 60."""
    for factor in (1, 2, 4):
        nearest = min(STANDARD_RATES, key=lambda standard: abs(standard / (rate / factor) - 1))
        if abs(nearest / (rate / factor) - 1) < Fraction(1, 100):
            return nearest
    return min(STANDARD_RATES, key=lambda standard: abs(standard / min(rate, RATE_MAX) - 1))
