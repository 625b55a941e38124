"""Sources and plans made by hand, for tests that need no file."""

from fractions import Fraction

from millrace.media.plan import EncodePlan, make_plan
from millrace.media.probe import AudioStream, SourceInfo, VideoStream
from millrace.media.timeline import Gap, Timeline


def a_source(
    *,
    width: int = 1920,
    height: int = 1080,
    container: str = "mov,mp4,m4a,3gp,3g2,mj2",
    frame_rate: Fraction | int = 30,
    start_s: Fraction | int = 0,
    is_interlaced: bool = False,
    has_audio: bool = True,
) -> SourceInfo:
    """Return a source like a camera's file."""
    video = VideoStream(
        index=0,
        codec="h264",
        width=width,
        height=height,
        pixel_aspect=Fraction(1),
        rotation_degrees=0,
        pixel_format="yuv420p",
        is_interlaced=is_interlaced,
        transfer="bt709",
        frame_rate=Fraction(frame_rate),
        time_base=Fraction(1, 90000),
        start_s=Fraction(start_s),
    )
    audio = AudioStream(
        index=1, codec="aac", channels=2, sample_rate_hz=48000, language="eng", start_s=Fraction(start_s)
    )
    return SourceInfo(
        container=container,
        start_s=Fraction(start_s),
        duration_s=None,
        video=video,
        audio=(audio,) if has_audio else (),
    )


def a_timeline(
    *,
    seconds: Fraction | int = 60,
    frame_rate: Fraction | int = 30,
    origin_s: Fraction | int = 0,
    max_gap_s: float = 0.034,
    max_keyframe_gap_s: float = 2.0,
    long_gaps: tuple[Gap, ...] = (),
) -> Timeline:
    """Return the timeline of a regular source."""
    return Timeline(
        origin_s=Fraction(origin_s),
        frame_count=round(seconds * Fraction(frame_rate)),
        frame_rate=Fraction(frame_rate),
        lead_frames=0,
        max_gap_s=max_gap_s,
        max_keyframe_gap_s=max_keyframe_gap_s,
        long_gaps=long_gaps,
    )


def a_plan(*, seconds: Fraction | int = 60, frame_rate: Fraction | int = 30, parallelism: int = 10) -> EncodePlan:
    """Return the plan of a regular 1080p source."""
    source = a_source(frame_rate=frame_rate)
    return make_plan(source, a_timeline(seconds=seconds, frame_rate=frame_rate), parallelism=parallelism)
