"""One ordinary MP4 file out of CMAF segments: the same samples, with one index in front of them.

Nothing is encoded anew, and nothing but the index is held in memory: the file is `Layout.head`, and then the data of
the segments in `Layout.order`. Clauses are of ISO/IEC 14496-12.
"""

import itertools
import math
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from millrace.media.boxes import Box, Malformed, boxes, cursor, require
from millrace.media.fragment import TrackDefaults, parse_fragment, track_defaults

__all__ = ["Layout", "ProgressiveTrack", "lay_out", "sample_data"]

MOVIE_TIMESCALE: Final = 1000
_SMALL: Final = 1 << 32
# tkhd flags: enabled, in movie, in preview (8.3.2.3).
_SHOWN: Final = 7
_UNITY: Final = 0x0001_0000
_MATRIX: Final = struct.pack(">9I", _UNITY, 0, 0, 0, _UNITY, 0, 0, 0, 0x4000_0000)
_FTYP: Final = b"isom" + struct.pack(">I", 0x200) + b"isomiso2avc1mp41"


@dataclass(frozen=True, slots=True)
class Layout:
    """The beginning of a file, and which segment of which track follows which, both counted from zero."""

    head: bytes
    order: tuple[tuple[int, int], ...]
    size_bytes: int


class ProgressiveTrack:
    """Collect what the index says of one track, segment by segment."""

    def __init__(self, init: bytes) -> None:
        """Begin with the track's init segment; raises Malformed unless it has exactly one track."""
        self._data = memoryview(init)
        self._moov = _only(self._data, "moov")
        self._defaults = track_defaults(self._data, self._moov)
        self._sizes = array("I")
        self._durations: list[tuple[int, int]] = []
        self._offsets: list[tuple[int, int]] = []
        self._sync = array("I")
        self._chunks: list[tuple[int, int, int]] = []
        self._duration = 0

    @property
    def defaults(self) -> TrackDefaults:
        """Return what the init segment says of all samples."""
        return self._defaults

    def add(self, segment: bytes) -> None:
        """Take the next segment; raises Malformed where it does not follow the one before."""
        data = memoryview(segment)
        first, size_bytes, start = len(self._sizes), 0, self._duration
        for moof, mdat in _fragments(data):
            fragment = parse_fragment(data, moof, self._defaults)
            if fragment.decode_time != self._duration:
                raise Malformed(f"a fragment at {fragment.decode_time}, expected {self._duration}")
            _check_whole(mdat, [(sample.offset, sample.size_bytes) for sample in fragment.samples])
            # Our encoder begins a fragment at every key frame, and only there.
            self._sync.append(len(self._sizes) + 1)
            self._sizes.extend(sample.size_bytes for sample in fragment.samples)
            _extend(self._durations, (sample.duration for sample in fragment.samples))
            _extend(self._offsets, (sample.composition_offset for sample in fragment.samples))
            self._duration += fragment.duration
            size_bytes += mdat.end - mdat.payload
        self._chunks.append((start, len(self._sizes) - first, size_bytes))

    @property
    def duration_s(self) -> Fraction:
        """Return how long the segments so far play."""
        return Fraction(self._duration, self._defaults.timescale)

    @property
    def chunk_bytes(self) -> list[int]:
        """Return the length of each segment's samples."""
        return [size_bytes for _, _, size_bytes in self._chunks]

    @property
    def chunk_starts_s(self) -> list[Fraction]:
        """Return when each segment begins."""
        return [Fraction(start, self._defaults.timescale) for start, _, _ in self._chunks]

    def box(self, track_id: int, chunk_offsets: Sequence[int], *, wide: bool) -> bytes:
        """Return the track box; `wide` offsets have 64 bits."""
        media = require(self._data, self._moov, "trak", "mdia")
        delay = max(0, -min((offset for _, offset in self._offsets), default=0))
        minf = b"".join(self._copy(box) for box in self._children(media, "minf") if box.kind != "stbl")
        stbl = self._copy(require(self._data, media, "minf", "stbl", "stsd")) + self._tables(
            delay, chunk_offsets, wide=wide
        )
        return _box(
            "trak",
            self._tkhd(track_id),
            # Composition offsets are made positive, as old players need them; the edit takes the delay back (8.6.6).
            _box("edts", _full("elst", 0, struct.pack(">IIiI", 1, _ms(self.duration_s), delay, _UNITY))),
            _box(
                "mdia",
                self._mdhd(media),
                self._copy(require(self._data, media, "hdlr")),
                _box("minf", minf, _box("stbl", stbl)),
            ),
        )

    def _tables(self, delay: int, chunk_offsets: Sequence[int], *, wide: bool) -> bytes:
        runs = [(count, offset + delay) for count, offset in self._offsets]
        tables = [_table("stts", ">II", self._durations)]
        if any(offset for _, offset in runs):
            tables.append(_table("ctts", ">II", runs))
        # Without a table of them every sample is one that decoding can begin at (8.6.2), as those of sound are.
        if self._has_pictures and len(self._sync) != len(self._sizes):
            tables.append(_table("stss", ">I", ((number,) for number in self._sync)))
        tables.append(_table("stsc", ">III", self._samples_to_chunks()))
        sizes = array("I", self._sizes)
        sizes.byteswap()
        tables.append(_full("stsz", 0, struct.pack(">II", 0, len(sizes)), sizes.tobytes()))
        kind, row = ("co64", ">Q") if wide else ("stco", ">I")
        tables.append(_table(kind, row, ((offset,) for offset in chunk_offsets)))
        return b"".join(tables)

    @property
    def _has_pictures(self) -> bool:
        hdlr = cursor(self._data, require(self._data, self._moov, "trak", "mdia", "hdlr"))
        hdlr.skip(8)
        return bytes(hdlr.take(4)) == b"vide"

    def _samples_to_chunks(self) -> Iterable[tuple[int, int, int]]:
        before = 0
        for number, (_, count, _) in enumerate(self._chunks, start=1):
            if count != before:
                yield number, count, 1
            before = count

    def _tkhd(self, track_id: int) -> bytes:
        reader = cursor(self._data, require(self._data, self._moov, "trak", "tkhd"))
        version, _ = reader.version_flags()
        reader.skip(32 if version else 20)
        rest = bytes(reader.take(reader.left))
        return _full("tkhd", _SHOWN, struct.pack(">IIIII", 0, 0, track_id, 0, _ms(self.duration_s)), rest)

    def _mdhd(self, media: Box) -> bytes:
        reader = cursor(self._data, require(self._data, media, "mdhd"))
        version, _ = reader.version_flags()
        reader.skip(28 if version else 16)
        language = bytes(reader.take(reader.left))
        long = self._duration >= _SMALL
        head = struct.pack(">QQIQ" if long else ">IIII", 0, 0, self._defaults.timescale, self._duration)
        return _full("mdhd", 1 << 24 if long else 0, head, language)

    def _children(self, parent: Box, kind: str) -> list[Box]:
        box = require(self._data, parent, kind)
        return list(boxes(self._data, box.payload, box.end))

    def _copy(self, box: Box) -> bytes:
        return bytes(self._data[box.start : box.end])


def lay_out(tracks: Sequence[ProgressiveTrack]) -> Layout:
    """Return the file of these tracks: segments of all of them by turns, so that a player reads on and never back."""
    places = [
        (start_s, track, number)
        for track, each in enumerate(tracks)
        for number, start_s in enumerate(each.chunk_starts_s)
    ]
    order = tuple((track, number) for _, track, number in sorted(places))
    sizes = [each.chunk_bytes for each in tracks]
    total = sum(map(sum, sizes))
    wide = total >= _SMALL - (64 << 20)
    # The index names places behind itself: its length does not depend on them.
    length = len(_head(tracks, [[0] * len(each) for each in sizes], total, wide=wide))
    offsets: list[list[int]] = [[] for _ in tracks]
    position = length
    for track, number in order:
        offsets[track].append(position)
        position += sizes[track][number]
    return Layout(_head(tracks, offsets, total, wide=wide), order, position)


def sample_data(segment: bytes) -> bytes:
    """Return what a segment's media data boxes hold, joined."""
    data = memoryview(segment)
    return b"".join(data[mdat.payload : mdat.end] for _, mdat in _fragments(data))


def _head(tracks: Sequence[ProgressiveTrack], offsets: Sequence[Sequence[int]], total: int, *, wide: bool) -> bytes:
    longest_ms = _ms(max(track.duration_s for track in tracks))
    mvhd = struct.pack(">IIIIIH", 0, 0, MOVIE_TIMESCALE, longest_ms, _UNITY, 0x0100)
    mvhd += bytes(10) + _MATRIX + bytes(24) + struct.pack(">I", len(tracks) + 1)
    traks = [track.box(number, offsets[number - 1], wide=wide) for number, track in enumerate(tracks, start=1)]
    mdat = struct.pack(">I4sQ", 1, b"mdat", total + 16)
    return _box("ftyp", _FTYP) + _box("moov", _full("mvhd", 0, mvhd), *traks) + mdat


def _fragments(data: memoryview) -> list[tuple[Box, Box]]:
    pairs: list[tuple[Box, Box]] = []
    moof: Box | None = None
    for box in boxes(data):
        if box.kind == "moof":
            moof = box
        elif box.kind == "mdat" and moof is not None:
            pairs.append((moof, box))
            moof = None
    return pairs


def _check_whole(mdat: Box, samples: Iterable[tuple[int, int]]) -> None:
    """Require that the samples fill their box, in order: then the box can be copied as it is."""
    position = mdat.payload
    for offset, size_bytes in samples:
        if offset != position:
            raise Malformed(f"a sample at {offset}, expected {position}")
        position += size_bytes
    if position != mdat.end:
        raise Malformed(f"samples end at {position}, their data at {mdat.end}")


def _extend(runs: list[tuple[int, int]], values: Iterable[int]) -> None:
    for value, group in itertools.groupby(values):
        count = sum(1 for _ in group)
        if runs and runs[-1][1] == value:
            count += runs.pop()[0]
        runs.append((count, value))


def _only(data: memoryview, kind: str) -> Box:
    found = [box for box in boxes(data) if box.kind == kind]
    if len(found) != 1:
        raise Malformed(f"{len(found)} boxes {kind}, one wanted")
    return found[0]


def _ms(seconds: Fraction) -> int:
    return math.ceil(seconds * MOVIE_TIMESCALE)


def _box(kind: str, *content: bytes) -> bytes:
    payload = b"".join(content)
    return struct.pack(">I", len(payload) + 8) + kind.encode("ascii") + payload


def _full(kind: str, version_flags: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version_flags), *content)


def _table(kind: str, row: str, rows: Iterable[Sequence[int]]) -> bytes:
    packed = [struct.pack(row, *values) for values in rows]
    return _full(kind, 0, struct.pack(">I", len(packed)), *packed)
