"""Cut ffmpeg's fragmented MP4 into numbered CMAF segments on the plan's clock.

ffmpeg starts every chunk at time zero and knows nothing of the frames around it that are thrown away;
this puts each fragment where it belongs and proves that none is missing.
"""

import math
import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from millrace.media.boxes import Box, Malformed, boxes
from millrace.media.ffmpeg import audio_window, chunk_window
from millrace.media.fragment import (
    Fragment,
    TrackDefaults,
    parse_fragment,
    track_defaults,
    write_audio_fragment,
)
from millrace.media.ladder import Rendition
from millrace.media.plan import AudioChunk, AudioPlan, Chunk, EncodePlan
from millrace.media.sound import AUDIO_FRAME_SAMPLES

__all__ = [
    "AUDIO_FRAME_SAMPLES",
    "Cut",
    "CutError",
    "KeyFrame",
    "MeasuredSegment",
    "Segment",
    "audio_segment_frames",
    "cut_audio",
    "cut_chunk",
]

# The encoder puts one frame before the first sound (its window overlaps the next frame by half).
AUDIO_PRIMING_FRAMES: Final = 1


class CutError(Exception):
    """Say that an encoded chunk does not hold the frames that the plan asked for."""


class KeyFrame(NamedTuple):
    """Place a key frame in its segment: the bytes that it needs, and the ticks up to the next one."""

    offset: int
    size_bytes: int
    duration: int


class MeasuredSegment(BaseModel):
    """Measure a stored segment: times in ticks of its track. Only pictures have key frames."""

    model_config = ConfigDict(frozen=True)

    number: int
    decode_time: int
    duration: int
    size_bytes: int
    keyframes: tuple[KeyFrame, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """Hold a numbered segment; `data` is a view into the cut file, copied by nobody."""

    number: int
    data: memoryview
    decode_time: int
    duration: int
    frame_count: int
    keyframes: tuple[KeyFrame, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Return the length of the data."""
        return len(self.data)

    @property
    def file_name(self) -> str:
        """Return the segment's name inside its rendition's folder."""
        return f"seg_{self.number:05d}.m4s"

    def measure(self) -> MeasuredSegment:
        """Return what the playlists need to know."""
        return MeasuredSegment(
            number=self.number,
            decode_time=self.decode_time,
            duration=self.duration,
            size_bytes=self.size_bytes,
            keyframes=self.keyframes,
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """Hold what one encoded file became: the same init segment for every chunk, and the segments."""

    init: bytes
    segments: tuple[Segment, ...]


def cut_chunk(encoded: bytes | Path, plan: EncodePlan, chunk: Chunk, rendition: Rendition) -> Cut:
    """Cut an encoded chunk into its segments.

    A path is mapped, not read; the file itself is not changed and may be removed at once. Raises CutError
    unless exactly the chunk's frames are there, each once and in order.
    """
    place = f"chunk {chunk.index} of {rendition.name}"
    try:
        return _cut_video(_writable(encoded), plan, chunk)
    except (CutError, Malformed) as error:
        raise CutError(f"{place}: {error}") from error


def _cut_video(data: memoryview, plan: EncodePlan, chunk: Chunk) -> Cut:
    init, defaults, pairs = _pairs(data)
    if defaults.timescale != plan.timescale:
        raise CutError(f"timescale {defaults.timescale}, expected {plan.timescale}")
    window_start, window_end = chunk_window(plan, chunk)
    start, end = (frame * plan.frame_ticks for frame in (chunk.start_frame, chunk.end_frame))
    expected = start
    encoded = 0
    groups: dict[int, list[tuple[Fragment, int, int]]] = {}
    for moof, mdat in pairs:
        fragment = parse_fragment(data, moof, defaults)
        encoded += len(fragment.samples)
        decode_time = fragment.decode_time + window_start * plan.frame_ticks
        if not start <= decode_time < end:
            continue
        if decode_time != expected:
            raise CutError(f"fragment at {decode_time}, expected {expected}")
        _check_frames(fragment, plan.frame_ticks)
        number = decode_time // (plan.segment_frames * plan.frame_ticks) + 1
        _rewrite(data, fragment, decode_time, number)
        groups.setdefault(number, []).append((fragment, moof.start, mdat.end))
        expected += fragment.duration
    if encoded != window_end - window_start:
        raise CutError(f"{encoded} frames encoded, expected {window_end - window_start}")
    if expected != end:
        raise CutError(f"{(expected - start) // plan.frame_ticks} frames, expected {chunk.frame_count}")
    segments = tuple(_segment(data, number, group, plan, window_start) for number, group in groups.items())
    _check_numbers(segments, plan, chunk)
    return Cut(init, segments)


def _check_frames(fragment: Fragment, frame_ticks: int) -> None:
    """Require one frame a grid place: a closed GOP shows exactly the times that it decodes."""
    if any(sample.duration != frame_ticks for sample in fragment.samples):
        raise CutError(f"uneven frames at {fragment.decode_time}")
    first = fragment.decode_time
    places = [first + position * frame_ticks for position in range(len(fragment.samples))]
    if fragment.presentation_times != places:
        raise CutError(f"frames out of place at {first}")


def _rewrite(data: memoryview, fragment: Fragment, decode_time: int, sequence_number: int) -> None:
    """Set tfdt and mfhd in place."""
    if decode_time >= 1 << (8 * fragment.decode_time_bytes):
        raise CutError(f"decode time {decode_time} does not fit")
    at, width = fragment.decode_time_at, fragment.decode_time_bytes
    data[at : at + width] = decode_time.to_bytes(width)
    at = fragment.sequence_number_at
    data[at : at + 4] = sequence_number.to_bytes(4)


def _segment(
    data: memoryview,
    number: int,
    group: Sequence[tuple[Fragment, int, int]],
    plan: EncodePlan,
    window_start: int,
) -> Segment:
    first, start, _ = group[0]
    _, _, end = group[-1]
    return Segment(
        number=number,
        data=data[start:end].toreadonly(),
        decode_time=first.decode_time + window_start * plan.frame_ticks,
        duration=sum(fragment.duration for fragment, _, _ in group),
        frame_count=sum(len(fragment.samples) for fragment, _, _ in group),
        keyframes=tuple(_keyframe(fragment, at, start) for fragment, at, _ in group),
    )


def _keyframe(fragment: Fragment, moof_at: int, segment_at: int) -> KeyFrame:
    """Measure the key frame that begins a fragment: with the moof, which says how to read it."""
    frame = fragment.samples[0]
    return KeyFrame(moof_at - segment_at, frame.offset + frame.size_bytes - moof_at, fragment.duration)


def _check_numbers(segments: Sequence[Segment], plan: EncodePlan, chunk: Chunk) -> None:
    """Require every segment of the chunk, full but for the last of all."""
    count = math.ceil(chunk.frame_count / plan.segment_frames)
    wanted = list(range(chunk.first_segment, chunk.first_segment + count))
    if [segment.number for segment in segments] != wanted:
        raise CutError(f"segments {[segment.number for segment in segments]}, expected {wanted}")
    if any(segment.frame_count != plan.segment_frames for segment in segments[:-1]):
        raise CutError("a segment boundary is not at a keyframe")


def cut_audio(encoded: bytes | Path, plan: EncodePlan, chunk: AudioChunk, track: AudioPlan) -> Cut:
    """Cut an encoded chunk of sound into segments as long as the picture's, to the nearest AAC frame.

    The priming frame is dropped instead of being hidden by an edit list: players disagree about edit
    lists in fragmented files, and all agree about decode times.
    """
    try:
        return _cut_sound(_writable(encoded), plan, chunk, track)
    except (CutError, Malformed) as error:
        raise CutError(f"chunk {chunk.index} of {track.name}: {error}") from error


def _cut_sound(data: memoryview, plan: EncodePlan, chunk: AudioChunk, track: AudioPlan) -> Cut:
    init, defaults, pairs = _pairs(data)
    if defaults.timescale != track.sample_rate_hz:
        raise CutError(f"timescale {defaults.timescale}, expected {track.sample_rate_hz}")
    window_start, _ = audio_window(plan, chunk)
    frames = list(_frames(data, pairs, defaults))[AUDIO_PRIMING_FRAMES + chunk.start_frame - window_start :]
    wanted = chunk.end_frame - chunk.start_frame
    if len(frames) < wanted:
        raise CutError(f"{len(frames)} frames, expected {wanted}")
    segments = []
    bounds = audio_segment_frames(plan)
    for number in range(chunk.first_segment, len(bounds) + 1):
        first, last = bounds[number - 1]
        if first >= chunk.end_frame:
            break
        decode_time = first * AUDIO_FRAME_SAMPLES
        held = frames[first - chunk.start_frame : last - chunk.start_frame]
        segments.append(
            Segment(
                number=number,
                data=memoryview(write_audio_fragment(number, decode_time, AUDIO_FRAME_SAMPLES, held)),
                decode_time=decode_time,
                duration=(last - first) * AUDIO_FRAME_SAMPLES,
                frame_count=last - first,
            )
        )
    return Cut(init, tuple(segments))


def _frames(data: memoryview, pairs: Iterable[tuple[Box, Box]], defaults: TrackDefaults) -> Iterator[memoryview]:
    for moof, mdat in pairs:
        for sample in parse_fragment(data, moof, defaults).samples:
            if not mdat.payload <= sample.offset <= sample.offset + sample.size_bytes <= mdat.end:
                raise Malformed(f"sample at {sample.offset} lies outside its mdat")
            yield data[sample.offset : sample.offset + sample.size_bytes]


def audio_segment_frames(plan: EncodePlan) -> list[tuple[int, int]]:
    """Return the AAC frames, from and up to, of each audio segment."""
    return plan.audio_segment_bounds()


def _writable(encoded: bytes | Path) -> memoryview:
    """Return bytes that can be changed without changing the file."""
    if isinstance(encoded, bytes):
        return memoryview(bytearray(encoded))
    with encoded.open("rb") as file:
        if encoded.stat().st_size == 0:
            raise CutError("the encoder wrote nothing")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))


def _pairs(data: memoryview) -> tuple[bytes, TrackDefaults, list[tuple[Box, Box]]]:
    """Return the init segment, its defaults, and each moof with its mdat."""
    head: list[Box] = []
    pairs: list[tuple[Box, Box]] = []
    moof: Box | None = None
    for box in boxes(data):
        if box.kind in ("ftyp", "moov"):
            head.append(box)
        elif box.kind == "moof":
            moof = box
        elif box.kind == "mdat" and moof is not None:
            pairs.append((moof, box))
            moof = None
    if [box.kind for box in head] != ["ftyp", "moov"]:
        raise Malformed("not one file type box and one movie box")
    init = b"".join(data[box.start : box.end] for box in head)
    return init, track_defaults(data, head[1]), pairs
