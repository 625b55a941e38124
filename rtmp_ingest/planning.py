"""Choose what a stream is encoded to."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from millrace.media.ladder import LADDER
from millrace.media.live.command import FOLLOW, AudioOutput, Keyframes, Output, VideoOutput
from rtmp_ingest.format import StreamFormat
from rtmp_ingest.period import PeriodPlan
from rtmp_ingest.transcoder import TranscoderPlan

__all__ = ["can_copy", "plan_period"]

# A rendition that is nearly as large as the source is not worth its encoder.
BELOW_SOURCE: Final = Fraction(4, 5)
# What a picture is encoded to whose size nobody tells.
UNKNOWN_MAXRATE_BPS: Final = 2_800_000
_HIGH_RATE: Final = 30


def can_copy(stream: StreamFormat) -> bool:
    """Tell whether browsers play the publisher's pictures as they are."""
    return stream.video_codec == "avc1"


def plan_period(
    stream: StreamFormat,
    *,
    number: int,
    has_video: bool,
    has_audio: bool,
    ladder: Sequence[int],
    copies: bool,
    grid_after_s: Fraction | None = None,
    not_before_ms: Fraction | None = None,
) -> PeriodPlan:
    """Return the tracks of a period; `ladder` are the short sides of renditions below the source."""
    main: list[Output] = []
    lower: list[Output] = []
    if has_video:
        main.append(VideoOutput("video_source", maxrate_bps=0 if copies else _source_maxrate_bps(stream)))
        lower = [_rendition(stream, side) for side in _sides(stream, ladder)]
    if has_audio:
        main.append(AudioOutput(is_copy=stream.audio_codec == "mp4a"))
    keyframes = FOLLOW if grid_after_s is None else Keyframes(grid_after_s)
    return PeriodPlan(
        number=number,
        main=TranscoderPlan(tuple(main), stream.frame_rate, keyframes),
        ladder=TranscoderPlan(tuple(lower), stream.frame_rate, keyframes) if lower else None,
        declared_video_bps=stream.declared_video_bps,
        not_before_ms=not_before_ms,
    )


def _sides(stream: StreamFormat, ladder: Sequence[int]) -> list[int]:
    if stream.size is None:
        return []
    short_side = min(stream.size.width, stream.size.height)
    return sorted((side for side in set(ladder) if side <= short_side * BELOW_SOURCE), reverse=True)


def _rendition(stream: StreamFormat, side: int) -> VideoOutput:
    is_upright = stream.size is not None and stream.size.width < stream.size.height
    return VideoOutput(
        f"video_{side}p",
        width=side if is_upright else 0,
        height=0 if is_upright else side,
        maxrate_bps=_maxrate_bps(side, stream.frame_rate),
    )


def _source_maxrate_bps(stream: StreamFormat) -> int:
    if stream.size is None:
        return UNKNOWN_MAXRATE_BPS
    return _maxrate_bps(min(stream.size.width, stream.size.height), stream.frame_rate)


def _maxrate_bps(side: int, frame_rate: Fraction) -> int:
    """Return the cap of the nearest rung at or above this size, half more for high frame rates."""
    rung = min(
        (rung for rung in LADDER if rung.short_side >= side), key=lambda rung: rung.short_side, default=LADDER[0]
    )
    return rung.maxrate_bps * 3 // 2 if frame_rate > _HIGH_RATE else rung.maxrate_bps
