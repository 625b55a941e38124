"""Read the movie box of an MP4 or MOV file by ranges: tracks, sample tables and edit lists.

Clauses are of ISO/IEC 14496-12.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from millrace.media.boxes import (
    LARGE_HEADER_BYTES,
    Box,
    Cursor,
    Malformed,
    boxes,
    cursor,
    find,
    header,
    require,
)

__all__ = ["CutOff", "Edit", "Malformed", "Moov", "Rows", "Track", "parse_moov", "read_moov"]

ReadRange = Callable[[int, int], bytes]

# Twelve hours at 120 frames a second and its audio stay below both.
MAX_MOOV_BYTES: Final = 192 << 20
MAX_SAMPLES: Final = 8_000_000
MAX_TOP_LEVEL_BOXES: Final = 512
MAX_TRACKS: Final = 64
MAX_EDITS: Final = 64


class CutOff(Malformed):
    """Say that a file ends before its movie box or its media data does."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Present part of a track (8.6.6); `media_time` is -1 for an empty edit.

    `segment_duration` counts the movie's ticks, `media_time` the track's.
    """

    segment_duration: int
    media_time: int
    is_normal_rate: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Hold a table as its bytes: long films have millions of rows, too many for tuples."""

    row: str = ">II"
    data: bytes = b""

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return struct.iter_unpack(self.row, self.data)

    def __len__(self) -> int:
        return len(self.data) // struct.calcsize(self.row)


@dataclass(frozen=True, slots=True)
class Track:
    """Hold what the timeline needs of one track.

    `decode_deltas` and `composition_offsets` have rows of (count, ticks); `sync_samples` rows of one
    sample number, from 1, and is None when every sample is a sync sample.
    """

    track_id: int
    handler: str
    sample_format: str
    timescale: int
    sample_count: int
    decode_deltas: Rows
    composition_offsets: Rows
    sync_samples: Rows | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Moov:
    """Hold a movie box: its timescale and tracks; fragmented when samples follow in fragments."""

    timescale: int
    is_fragmented: bool
    tracks: tuple[Track, ...]


def read_moov(read: ReadRange, size_bytes: int) -> Moov:
    """Find and parse the movie box with `read(offset, length)`, touching little else of the file.

    Raises CutOff when the file ends early, Malformed when it is not a movie file.
    """
    moov: Box | None = None
    has_media_data = False
    offset = 0
    for _ in range(MAX_TOP_LEVEL_BOXES):
        if offset + 8 > size_bytes:
            break
        box = _top_level_box(read, offset, size_bytes, lenient=moov is not None)
        if box is None:
            break
        if box.kind == "moov":
            moov = moov or box
        elif box.kind == "mdat":
            has_media_data = True
        elif box.kind == "moof":
            break
        offset = box.end
        if moov and has_media_data:
            break
    if moov is None:
        raise CutOff("the file ends before its movie box")
    length = moov.end - moov.start
    if length > MAX_MOOV_BYTES:
        raise Malformed(f"movie box of {length} bytes")
    return parse_moov(read(moov.start, length))


def _top_level_box(read: ReadRange, offset: int, size_bytes: int, *, lenient: bool) -> Box | None:
    """Read one header; after the movie box, rubbish at the end of a file is harmless (None)."""
    try:
        wanted = min(LARGE_HEADER_BYTES, size_bytes - offset)
        box = header(read(offset, wanted)[:wanted], offset, size_bytes)
    except CutOff:
        raise
    except Malformed:
        if lenient:
            return None
        raise
    if box.end <= size_bytes:
        return box
    if box.kind in ("mdat", "moov", "moof", "ftyp"):
        raise CutOff(f"{box.kind} ends at {box.end}, the file at {size_bytes}")
    if lenient:
        return None
    raise Malformed(f"box at {offset} reaches beyond the file")


def parse_moov(data: bytes | memoryview) -> Moov:
    """Parse the bytes of one movie box, header included."""
    view = memoryview(data)
    top = next(boxes(view), None)
    if top is None or top.kind != "moov":
        raise Malformed("not a movie box")
    traks: list[Box] = []
    is_fragmented = False
    for box in boxes(view, top.payload, top.end):
        if box.kind == "trak":
            traks.append(box)
        elif box.kind == "mvex":
            is_fragmented = True
        elif box.kind == "cmov":
            raise Malformed("compressed movie box")
    if len(traks) > MAX_TRACKS:
        raise Malformed(f"{len(traks)} tracks")
    timescale, _ = _timescale(view, require(view, top, "mvhd"))
    return Moov(timescale, is_fragmented, tuple(_track(view, trak) for trak in traks))


def _timescale(view: memoryview, box: Box) -> tuple[int, int]:
    """Return (timescale, duration) of an mvhd or mdhd box (8.2.2, 8.4.2)."""
    reader = cursor(view, box)
    version, _ = reader.version_flags()
    wide = version == 1
    reader.skip(16 if wide else 8)
    timescale = reader.u32()
    duration = reader.u64() if wide else reader.u32()
    if timescale == 0:
        raise Malformed(f"{box.kind} has no timescale")
    return timescale, duration


def _track(view: memoryview, trak: Box) -> Track:
    stbl = require(view, trak, "mdia", "minf", "stbl")
    timescale, _ = _timescale(view, require(view, trak, "mdia", "mdhd"))
    deltas = _rows(view, find(view, stbl, "stts"), ">II") or Rows()
    # Version 0 calls offsets unsigned; writers put negative ones there, and players read them so.
    offsets = _rows(view, find(view, stbl, "ctts"), ">Ii") or Rows(">Ii")
    sample_count = sum(row[0] for row in deltas)
    if max(sample_count, sum(row[0] for row in offsets)) > MAX_SAMPLES:
        raise Malformed(f"more than {MAX_SAMPLES} samples")
    return Track(
        track_id=_track_id(view, require(view, trak, "tkhd")),
        handler=_handler(view, require(view, trak, "mdia", "hdlr")),
        sample_format=_sample_format(view, find(view, stbl, "stsd")),
        timescale=timescale,
        sample_count=sample_count,
        decode_deltas=deltas,
        composition_offsets=offsets,
        sync_samples=_rows(view, find(view, stbl, "stss"), ">I"),
        edits=_edits(view, find(view, trak, "edts")),
    )


def _rows(view: memoryview, box: Box | None, row: str) -> Rows | None:
    """Read the table of stts (8.6.1.2), ctts (8.6.1.3) or stss (8.6.2), if there is one."""
    if box is None:
        return None
    reader = _after_head(view, box)
    count = reader.u32()
    if count > MAX_SAMPLES:
        raise Malformed(f"{box.kind} with {count} rows")
    return Rows(row, bytes(reader.take(count * struct.calcsize(row))))


def _after_head(view: memoryview, box: Box) -> Cursor:
    reader = cursor(view, box)
    reader.version_flags()
    return reader


def _track_id(view: memoryview, tkhd: Box) -> int:
    reader = cursor(view, tkhd)
    version, _ = reader.version_flags()
    reader.skip(16 if version == 1 else 8)
    return reader.u32()


def _handler(view: memoryview, hdlr: Box) -> str:
    reader = _after_head(view, hdlr)
    reader.skip(4)
    return bytes(reader.take(4)).decode("latin-1")


def _sample_format(view: memoryview, stsd: Box | None) -> str:
    """Return the four characters of the first sample entry (8.5.2), "" without one."""
    if stsd is None:
        return ""
    reader = _after_head(view, stsd)
    if reader.u32() == 0:
        return ""
    entry = next(boxes(view, reader.position, stsd.end), None)
    return entry.kind if entry else ""


def _edits(view: memoryview, edts: Box | None) -> tuple[Edit, ...]:
    elst = find(view, edts, "elst") if edts else None
    if elst is None:
        return ()
    reader = cursor(view, elst)
    version, _ = reader.version_flags()
    count = reader.u32()
    if count > MAX_EDITS:
        raise Malformed(f"{count} edits")
    edits = []
    for _ in range(count):
        duration = reader.u64() if version == 1 else reader.u32()
        media_time = reader.i64() if version == 1 else reader.i32()
        edits.append(Edit(duration, media_time, is_normal_rate=reader.u32() == 0x10000))
    return tuple(edits)
