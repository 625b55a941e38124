"""The encode plan: everything that the steps of a transcode must agree on, as one value.

It travels as JSON between Lambda functions. All positions are frames of the output grid.
"""

import heapq
import math
from fractions import Fraction
from typing import Final

from pydantic import BaseModel, ConfigDict

from millrace.media.ladder import Rendition, ladder_for
from millrace.media.probe import SourceInfo
from millrace.media.sound import AudioChunk, AudioPlan, plan_audio_chunks, plan_audio_tracks, segment_frame_bounds
from millrace.media.timeline import LONG_GAP_S, Gap, Timeline
from millrace.media.tone import Tone, tone_of

__all__ = ["AudioChunk", "AudioPlan", "Chunk", "EncodePlan", "make_plan"]

GOP_S: Final = 2
GOPS_A_SEGMENT: Final = 2
CHUNK_MIN_S: Final = 8
CHUNK_MAX_S: Final = 30
# How many seconds of film an encoder makes in a second, at least, while all of them work: where that holds, who watches
# from the first second on never waits (docs/adr/0012). A second chunk of one segment keeps room for the first steps.
PACE: Final = Fraction(5, 4)
SHORT_CHUNKS: Final = 2
# Frames encoded and thrown away on each side: a cold rate control costs a chunk's first frame 2 dB,
# and a look-ahead that ends costs its last one 1 dB.
ROLL_FRAMES: Final = 12
# The seek lands on a decodable picture and the reorder delay passes within this.
MARGIN_MIN_S: Final = 1.0
MARGIN_AFTER_GAP_S: Final = 0.5


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Chunk(_Value):
    """Encode grid frames from `start_frame` up to `end_frame` in one task.

    `first_segment` counts from 1; `margin_s` is how much earlier the source is opened.
    """

    index: int
    start_frame: int
    end_frame: int
    first_segment: int
    margin_s: float

    @property
    def frame_count(self) -> int:
        """Return how many frames the chunk contributes."""
        return self.end_frame - self.start_frame


class EncodePlan(_Value):
    """Hold the whole transcode of one source."""

    frame_rate: Fraction
    frame_count: int
    origin_s: Fraction
    container_start_s: Fraction
    gop_frames: int
    segment_frames: int
    video_stream_index: int
    deinterlace: bool
    tone: Tone | None = None
    renditions: tuple[Rendition, ...]
    chunks: tuple[Chunk, ...]
    audio: tuple[AudioPlan, ...]
    audio_chunks: tuple[AudioChunk, ...]

    @property
    def timescale(self) -> int:
        """Return the video tracks' ticks a second; a frame is a whole number of them."""
        rate = self.frame_rate
        return rate.numerator * 1000 if rate.denominator == 1 else rate.numerator

    @property
    def frame_ticks(self) -> int:
        """Return the ticks of one frame."""
        return int(self.timescale / self.frame_rate)

    @property
    def duration_s(self) -> Fraction:
        """Return the length of the picture."""
        return self.frame_count / self.frame_rate

    @property
    def segment_count(self) -> int:
        """Return how many video segments there will be."""
        return math.ceil(self.frame_count / self.segment_frames)

    @property
    def default_audio(self) -> AudioPlan | None:
        """Return the track that is heard unless another is chosen."""
        return next((track for track in self.audio if track.is_default), None)

    def audio_segment_bounds(self) -> list[tuple[int, int]]:
        """Return the AAC frames, from and up to, of each segment of every sound track."""
        if not self.audio:
            return []
        return segment_frame_bounds(self.duration_s, self.segment_frames / self.frame_rate, self.segment_count)

    def rendition(self, name: str) -> Rendition:
        """Return the rendition of that name; KeyError without one."""
        for rendition in self.renditions:
            if rendition.name == name:
                return rendition
        raise KeyError(name)


def make_plan(source: SourceInfo, timeline: Timeline, *, parallelism: int) -> EncodePlan:
    """Plan the transcode of a source by about `parallelism` tasks at a time."""
    rate = timeline.frame_rate
    gop_frames = round(GOP_S * rate)
    segment_frames = gop_frames * GOPS_A_SEGMENT
    width, height = source.video.display_size
    plan = EncodePlan(
        frame_rate=rate,
        frame_count=timeline.frame_count,
        origin_s=timeline.origin_s,
        container_start_s=source.start_s,
        gop_frames=gop_frames,
        segment_frames=segment_frames,
        video_stream_index=source.video.index,
        deinterlace=source.video.is_interlaced,
        tone=tone_of(source.video.transfer),
        renditions=ladder_for(width, height, rate),
        chunks=_chunks(source, timeline, segment_frames, parallelism),
        audio=plan_audio_tracks(source),
        audio_chunks=(),
    )
    bounds = plan.audio_segment_bounds()
    audio_chunks = plan_audio_chunks(bounds, segment_frames / rate, source, timeline)
    return plan.model_copy(update={"audio_chunks": audio_chunks})


def _chunks(source: SourceInfo, timeline: Timeline, segment_frames: int, parallelism: int) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    start = 0
    for end in _chunk_ends(timeline, segment_frames, parallelism):
        chunks.append(
            Chunk(
                index=len(chunks),
                start_frame=start,
                end_frame=end,
                first_segment=start // segment_frames + 1,
                margin_s=_margin_s(source, timeline, max(0, start - ROLL_FRAMES)),
            )
        )
        start = end
    return tuple(chunks)


def _chunk_ends(timeline: Timeline, segment_frames: int, parallelism: int) -> list[int]:
    """Return where chunks end: whole segments each, since two chunks must not share one.

    They grow from one segment to the plan's length: each ends by the time at which a viewer of the film's beginning has
    played what lies before it.
    """
    wanted_s = min(max(math.ceil(timeline.duration_s / max(1, parallelism)), CHUNK_MIN_S), CHUNK_MAX_S)
    segment_s = segment_frames / timeline.frame_rate
    # 29.97 frames a second make segments of 4.004 s: eight seconds still mean two of them.
    most = max(1, math.ceil(wanted_s / segment_s - Fraction(1, 10)))
    # When each encoder is free, in segments played since the first chunk was shown.
    free = [Fraction(0)] * max(1, parallelism)
    ends: list[int] = []
    start = 0
    while start < timeline.frame_count:
        in_time = (start // segment_frames - free[0]) * PACE if len(ends) >= SHORT_CHUNKS else Fraction(1)
        length = min(most, max(1, math.floor(in_time)))
        if ends:
            heapq.heapreplace(free, free[0] + length / PACE)
        end = min(start + length * segment_frames, timeline.frame_count)
        # A rest shorter than a segment is not worth a task of its own, unless somebody would wait for it.
        rest = timeline.frame_count - end
        if rest < segment_frames and (length * segment_frames + rest) <= in_time * segment_frames:
            end = timeline.frame_count
        ends.append(end)
        start = end
    return ends


def _margin_s(source: SourceInfo, timeline: Timeline, first_frame: int) -> float:
    """Return how much before a frame to open the source.

    The picture on screen at that frame may have begun a pause earlier; a seek without an index lands
    up to a group of pictures late.
    """
    at_s = float(first_frame / timeline.frame_rate)
    pause_s = min(timeline.max_gap_s, LONG_GAP_S)
    for gap in timeline.long_gaps:
        if _is_within(at_s, gap, timeline.frame_rate):
            pause_s = max(pause_s, at_s - gap.start_s)
    margin_s = max(MARGIN_MIN_S, pause_s + MARGIN_AFTER_GAP_S)
    if not source.is_indexed:
        margin_s += timeline.max_keyframe_gap_s
    return round(margin_s, 3)


def _is_within(at_s: float, gap: Gap, frame_rate: Fraction) -> bool:
    frame_s = float(1 / frame_rate)
    return gap.start_s <= at_s <= gap.end_s + frame_s
