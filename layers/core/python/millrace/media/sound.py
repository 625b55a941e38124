"""Plan the sound: which tracks are kept, what they are called, and where they are cut into chunks.

Positions are samples of the output at 48 kHz, counted from the first picture; every bound is that of an AAC frame.
"""

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from pydantic import BaseModel, ConfigDict

from millrace.media.languages import language_of
from millrace.media.probe import AudioStream, SourceInfo
from millrace.media.timeline import Timeline

__all__ = [
    "AUDIO_FRAME_SAMPLES",
    "AudioChunk",
    "AudioPlan",
    "plan_audio_chunks",
    "plan_audio_tracks",
    "segment_frame_bounds",
]

AUDIO_RATE_HZ: Final = 48_000
AUDIO_FRAME_SAMPLES: Final = 1024
# Transparent for most ears with AAC-LC; the picture costs twenty times as much.
BITRATE_A_CHANNEL_BPS: Final = 64_000
CHANNELS_MAX: Final = 2
# What is received and not made changes its sound in the middle, between a film and the news.
BROADCASTS: Final = frozenset({"mpegts", "mpeg"})
# These know the levels that the mixer chose. Broadcasts change between 5.1 and stereo at every break: mixed down by
# the decoder, the change does not reach the filters, which would begin anew and lose the picture.
DECODERS_THAT_MIX: Final = frozenset({"ac3", "eac3", "dts", "truehd"})
# Languages and commentaries of a disc; each costs a rendition that hardly anybody hears.
TRACKS_MAX: Final = 8
LABEL_CHARACTERS_MAX: Final = 60
# The first chunk is there together with the picture's first one, the second before who watches has heard that, even
# where eight tracks share a core with the picture; later ones only bound a task's time.
FIRST_CHUNKS_SEGMENTS: Final = (1, 4)
CHUNK_S: Final = 120
# A rest shorter than this is not worth a task of its own.
REST_MIN_S: Final = 20
# A decoder needs a moment of sound before the first sample that is kept.
MARGIN_S: Final = 1.0


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class AudioPlan(_Value):
    """Encode one sound track; `name` is its folder, `label` what a viewer reads in the menu.

    `language` is a tag of BCP 47. `first_s` is the track's first timestamp in the source; that of a loose first
    frame does not fit the others. More than two channels are mixed down. Those of a broadcast may change on the way.
    """

    name: str
    stream_index: int
    language: str
    label: str
    channels: int
    source_channels: int
    source_rate_hz: int
    is_default: bool
    first_s: Fraction | None = None
    is_first_frame_loose: bool = False
    decodes_to_stereo: bool = False
    may_change: bool = False
    sample_rate_hz: int = AUDIO_RATE_HZ

    @property
    def bitrate_bps(self) -> int:
        """Return the rate that the encoder aims at."""
        return self.channels * BITRATE_A_CHANNEL_BPS


class AudioChunk(_Value):
    """Encode every track from `start_sample` up to `end_sample` in one task.

    `first_segment` counts from 1; `margin_s` is how much earlier the source is opened.
    """

    index: int
    start_sample: int
    end_sample: int
    first_segment: int
    margin_s: float

    @property
    def start_frame(self) -> int:
        """Return the first AAC frame of the chunk."""
        return self.start_sample // AUDIO_FRAME_SAMPLES

    @property
    def end_frame(self) -> int:
        """Return the AAC frame at which the next chunk begins."""
        return self.end_sample // AUDIO_FRAME_SAMPLES


def plan_audio_tracks(source: SourceInfo) -> tuple[AudioPlan, ...]:
    """Return the tracks to encode, in the order of the source; one of them is the default."""
    kept = source.audio[:TRACKS_MAX]
    default = next((stream for stream in kept if stream.is_default), kept[0] if kept else None)
    tracks: list[AudioPlan] = []
    for stream in kept:
        language = language_of(stream.language)
        tracks.append(
            AudioPlan(
                name=_unused(f"audio_{language.code}", "_", [track.name for track in tracks]),
                stream_index=stream.index,
                language=language.tag,
                label=_unused(_label(stream.title) or language.name, " ", [track.label for track in tracks]),
                channels=min(stream.channels, CHANNELS_MAX),
                source_channels=stream.channels,
                source_rate_hz=stream.sample_rate_hz,
                is_default=stream is default,
                first_s=stream.start_s,
                may_change=source.container in BROADCASTS,
                decodes_to_stereo=stream.codec in DECODERS_THAT_MIX and stream.channels >= CHANNELS_MAX,
                is_first_frame_loose=_is_first_frame_loose(source, stream),
            )
        )
    return tuple(tracks)


def _is_first_frame_loose(source: SourceInfo, stream: AudioStream) -> bool:
    """Return whether the first stamp is rounded otherwise than the rest.

    Opus delays by 6.5 ms, Matroska counts milliseconds, and ffmpeg rounds away from zero.
    """
    return stream.codec == "opus" and source.is_matroska


def _label(title: str) -> str:
    """Return a title that may stand in a playlist: one line, without quotes."""
    return re.sub(r"[\s\x00-\x1f\x7f\"]+", " ", title).strip()[:LABEL_CHARACTERS_MAX].strip()


def _unused(name: str, separator: str, taken: Sequence[str]) -> str:
    number = 1
    candidate = name
    while candidate in taken:
        number += 1
        candidate = f"{name}{separator}{number}"
    return candidate


def segment_frame_bounds(duration_s: Fraction, segment_s: Fraction, segment_count: int) -> list[tuple[int, int]]:
    """Return the AAC frames, from and up to, of each segment: as long as the picture's, to the nearest frame.

    The last one holds what the picture needs to its end.
    """
    frame_s = Fraction(AUDIO_FRAME_SAMPLES, AUDIO_RATE_HZ)
    total = math.ceil(duration_s / frame_s)
    bounds = [min(total, round(number * segment_s / frame_s)) for number in range(segment_count)]
    return [(first, last) for first, last in pairwise([*bounds, total]) if first < last]


def plan_audio_chunks(
    bounds: Sequence[tuple[int, int]], segment_s: Fraction, source: SourceInfo, timeline: Timeline
) -> tuple[AudioChunk, ...]:
    """Return the chunks over these segments: two short ones, then long ones."""
    margin_s = MARGIN_S + (0 if source.is_indexed else timeline.max_keyframe_gap_s)
    chunks: list[AudioChunk] = []
    first = 0
    for last in _chunk_ends(len(bounds), segment_s):
        chunks.append(
            AudioChunk(
                index=len(chunks),
                start_sample=bounds[first][0] * AUDIO_FRAME_SAMPLES,
                end_sample=bounds[last - 1][1] * AUDIO_FRAME_SAMPLES,
                first_segment=first + 1,
                margin_s=round(margin_s, 3),
            )
        )
        first = last
    return tuple(chunks)


def _chunk_ends(segment_count: int, segment_s: Fraction) -> list[int]:
    long = max(1, round(CHUNK_S / segment_s))
    ends: list[int] = []
    end = 0
    while end < segment_count:
        length = FIRST_CHUNKS_SEGMENTS[len(ends)] if len(ends) < len(FIRST_CHUNKS_SEGMENTS) else long
        end = min(end + length, segment_count)
        if len(ends) >= len(FIRST_CHUNKS_SEGMENTS) and (segment_count - end) * segment_s < REST_MIN_S:
            end = segment_count
        ends.append(end)
    return ends
