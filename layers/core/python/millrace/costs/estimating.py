"""Estimates: of a plan that there is, and of a film of which only the measures are known."""

from fractions import Fraction

from millrace.costs.messages import EstimateInput, EstimateView
from millrace.costs.model import estimate, stored_bytes
from millrace.media.plan import EncodePlan, make_plan
from millrace.media.probe import AudioStream, SourceInfo, VideoStream
from millrace.media.timeline import Timeline, standard_rate

TICKS = 90_000
SOUND_RATE_HZ = 48_000


def view(plan: EncodePlan, encode_memory_mb: int) -> EstimateView:
    """Return what a plan would cost."""
    names = tuple(f"{rendition.short_side}p" for rendition in plan.renditions)
    return EstimateView.of(estimate(plan, encode_memory_mb), names, len(plan.chunks), stored_bytes(plan))


def plan_for(film: EstimateInput, parallelism: int) -> EncodePlan:
    """Return the plan of an ordinary file of these measures, the whole ladder in it."""
    rate = standard_rate(Fraction(film.frame_rate).limit_denominator(1001))
    video = VideoStream(
        index=0,
        codec="h264",
        width=film.width_px,
        height=film.height_px,
        pixel_aspect=Fraction(1),
        rotation_degrees=0,
        pixel_format="yuv420p",
        is_interlaced=False,
        transfer="",
        frame_rate=rate,
        time_base=Fraction(1, TICKS),
        start_s=Fraction(0),
    )
    sounds = tuple(
        AudioStream(
            index=number + 1,
            codec="aac",
            channels=2,
            sample_rate_hz=SOUND_RATE_HZ,
            language="und",
            start_s=Fraction(0),
            is_default=number == 0,
        )
        for number in range(film.sound_tracks)
    )
    duration_s = Fraction(film.duration_s).limit_denominator(1000)
    source = SourceInfo(
        container="mov,mp4,m4a,3gp,3g2,mj2", start_s=Fraction(0), duration_s=duration_s, video=video, audio=sounds
    )
    timeline = Timeline(
        origin_s=Fraction(0),
        frame_count=max(1, round(duration_s * rate)),
        frame_rate=rate,
        lead_frames=0,
        max_gap_s=float(1 / rate),
        max_keyframe_gap_s=2.0,
    )
    return make_plan(source, timeline, parallelism=parallelism)
