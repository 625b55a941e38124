"""Read and write movie fragments (ISO/IEC 14496-12 clause 8.8)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from millrace.media.boxes import Box, Cursor, Malformed, boxes, cursor, require

__all__ = ["Fragment", "Sample", "TrackDefaults", "parse_fragment", "track_defaults", "write_audio_fragment"]

MAX_FRAGMENT_SAMPLES: Final = 1_000_000
# tfhd flags (8.8.7) and trun flags (8.8.8).
_BASE_DATA_OFFSET, _DESCRIPTION, _DURATION, _SIZE, _FLAGS = 0x01, 0x02, 0x08, 0x10, 0x20
_DATA_OFFSET, _FIRST_FLAGS, _EACH_DURATION, _EACH_SIZE, _EACH_FLAGS, _EACH_OFFSET = (
    0x001,
    0x004,
    0x100,
    0x200,
    0x400,
    0x800,
)
_DEFAULT_BASE_IS_MOOF: Final = 0x020000
# sample_depends_on = 2: an audio frame needs no other (8.8.3.1).
_INDEPENDENT_SAMPLE: Final = 0x0200_0000
# sample_is_non_sync_sample (8.8.3.1).
_NOT_SYNC: Final = 0x0001_0000


@dataclass(frozen=True, slots=True)
class TrackDefaults:
    """Hold a track's defaults (trex, 8.8.3) and timescale."""

    track_id: int
    timescale: int
    duration: int
    size_bytes: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold one sample; offsets count from the start of the data, times in track ticks."""

    offset: int
    size_bytes: int
    duration: int
    composition_offset: int
    flags: int = 0

    @property
    def is_sync(self) -> bool:
        """Return whether decoding can begin here."""
        return not self.flags & _NOT_SYNC


@dataclass(frozen=True, slots=True)
class Fragment:
    """Hold one moof of one track; the places of two numbers allow to rewrite them."""

    sequence_number_at: int
    decode_time_at: int
    decode_time_bytes: int
    decode_time: int
    samples: tuple[Sample, ...]

    @property
    def duration(self) -> int:
        """Return the sum of the samples' durations."""
        return sum(sample.duration for sample in self.samples)

    @property
    def presentation_times(self) -> list[int]:
        """Return the samples' presentation times, sorted."""
        times = []
        decode_time = self.decode_time
        for sample in self.samples:
            times.append(decode_time + sample.composition_offset)
            decode_time += sample.duration
        return sorted(times)


def track_defaults(data: memoryview, moov: Box) -> TrackDefaults:
    """Return the defaults of the only track of an init segment."""
    trex = cursor(data, require(data, moov, "mvex", "trex"))
    trex.version_flags()
    track_id = trex.u32()
    trex.skip(4)
    duration, size_bytes, flags = trex.u32(), trex.u32(), trex.u32()
    mdhd = cursor(data, require(data, moov, "trak", "mdia", "mdhd"))
    version, _ = mdhd.version_flags()
    mdhd.skip(16 if version == 1 else 8)
    return TrackDefaults(track_id, mdhd.u32(), duration, size_bytes, flags)


def parse_fragment(data: memoryview, moof: Box, defaults: TrackDefaults) -> Fragment:
    """Parse a moof that holds one track fragment."""
    trafs = [box for box in boxes(data, moof.payload, moof.end) if box.kind == "traf"]
    if len(trafs) != 1:
        raise Malformed(f"{len(trafs)} tracks in a fragment, one wanted")
    traf = trafs[0]
    tfdt = cursor(data, require(data, traf, "tfdt"))
    version, _ = tfdt.version_flags()
    decode_time_at = tfdt.position
    decode_time = tfdt.u64() if version == 1 else tfdt.u32()
    base, of_fragment = _header(cursor(data, require(data, traf, "tfhd")), moof, defaults)
    samples: list[Sample] = []
    for box in boxes(data, traf.payload, traf.end):
        if box.kind == "trun":
            samples += _run(cursor(data, box), base, of_fragment, samples)
    return Fragment(
        sequence_number_at=require(data, moof, "mfhd").payload + 4,
        decode_time_at=decode_time_at,
        decode_time_bytes=8 if version == 1 else 4,
        decode_time=decode_time,
        samples=tuple(samples),
    )


def _header(reader: Cursor, moof: Box, defaults: TrackDefaults) -> tuple[int, TrackDefaults]:
    """Return the base offset and the defaults of a tfhd."""
    _, flags = reader.version_flags()
    reader.skip(4)
    base = reader.u64() if flags & _BASE_DATA_OFFSET else moof.start
    if flags & _DESCRIPTION:
        reader.skip(4)
    return base, replace(
        defaults,
        duration=reader.u32() if flags & _DURATION else defaults.duration,
        size_bytes=reader.u32() if flags & _SIZE else defaults.size_bytes,
        flags=reader.u32() if flags & _FLAGS else defaults.flags,
    )


def _run(reader: Cursor, base: int, defaults: TrackDefaults, before: Sequence[Sample]) -> list[Sample]:
    """Read a trun; without a data offset it goes on where the run before ended."""
    version, flags = reader.version_flags()
    count = reader.u32()
    if count + len(before) > MAX_FRAGMENT_SAMPLES:
        raise Malformed(f"{count} samples in a run")
    offset = before[-1].offset + before[-1].size_bytes if before else base
    if flags & _DATA_OFFSET:
        offset = base + reader.i32()
    sample_flags = reader.u32() if flags & _FIRST_FLAGS else defaults.flags
    samples = []
    for _ in range(count):
        duration = reader.u32() if flags & _EACH_DURATION else defaults.duration
        size_bytes = reader.u32() if flags & _EACH_SIZE else defaults.size_bytes
        if flags & _EACH_FLAGS:
            sample_flags = reader.u32()
        composition = 0
        if flags & _EACH_OFFSET:
            composition = reader.i32() if version else reader.u32()
        samples.append(Sample(offset, size_bytes, duration, composition, sample_flags))
        offset += size_bytes
        sample_flags = defaults.flags
    return samples


def write_audio_fragment(
    sequence_number: int, decode_time: int, frame_duration: int, frames: Sequence[memoryview]
) -> bytes:
    """Write moof and mdat of equally long, independent samples of track 1."""
    flags = _DEFAULT_BASE_IS_MOOF | _DURATION | _FLAGS
    tfhd = _full_box("tfhd", 0, flags, struct.pack(">III", 1, frame_duration, _INDEPENDENT_SAMPLE))
    tfdt = _full_box("tfdt", 1, 0, struct.pack(">Q", decode_time))
    mfhd = _full_box("mfhd", 0, 0, struct.pack(">I", sequence_number))
    sizes = struct.pack(f">{len(frames)}I", *(len(frame) for frame in frames))

    def moof(data_offset: int) -> bytes:
        head = struct.pack(">Ii", len(frames), data_offset)
        trun = _full_box("trun", 0, _DATA_OFFSET | _EACH_SIZE, head + sizes)
        return _box("moof", mfhd + _box("traf", tfhd + tfdt + trun))

    # The data offset counts from the moof, whose length does not depend on it.
    length = len(moof(0)) + 8
    return moof(length) + _box("mdat", b"".join(frames))


def _box(kind: str, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + kind.encode("ascii") + payload


def _full_box(kind: str, version: int, flags: int, payload: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + payload)
