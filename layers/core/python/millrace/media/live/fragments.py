"""Take a growing fragmented MP4 apart: the init segment, then one fragment after the other.

Clauses are of ISO/IEC 14496-12.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from millrace.media.boxes import LARGE_HEADER_BYTES, Box, Malformed, boxes, cursor, find, header, require
from millrace.media.codecs import codec_of
from millrace.media.fragment import Fragment, TrackDefaults, parse_fragment, track_defaults

__all__ = ["FragmentReader", "Init", "MediaFragment", "read_init"]

# A second of 4K at 100 Mb/s stays below; more means that the bytes are no MP4.
MAX_BOX_BYTES: Final = 16 << 20
_IS_NON_SYNC: Final = 0x0001_0000
# Flags of tfhd (8.8.7) and trun (8.8.8).
_TFHD_BEFORE_FLAGS: Final = ((0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4))
_TFHD_FLAGS: Final = 0x20
_TRUN_DATA_OFFSET, _TRUN_FIRST_FLAGS, _TRUN_DURATION, _TRUN_SIZE, _TRUN_FLAGS = 0x001, 0x004, 0x100, 0x200, 0x400
# What ffmpeg writes with our options is CMAF (ISO/IEC 23000-19 7.2), and says so only if it may move decode times.
_CMAF_BRAND: Final = b"cmfc"
# Fixed fields of sample entries before width (12.1.3) and before channel count (12.2.3).
_BEFORE_WIDTH: Final = 24
_BEFORE_CHANNELS: Final = 16


@dataclass(frozen=True, slots=True)
class Init:
    """Hold an init segment of one track; width and height are 0 for sound, channels 0 for pictures."""

    data: bytes
    defaults: TrackDefaults
    sync_flags: int
    codec: str
    width: int
    height: int
    channels: int

    @property
    def timescale(self) -> int:
        """Return how many ticks a second has."""
        return self.defaults.timescale

    @property
    def is_video(self) -> bool:
        """Tell whether the track has pictures."""
        return self.width > 0


@dataclass(frozen=True, slots=True)
class MediaFragment:
    """Hold one moof with its mdat; times in ticks of the track.

    `presentation_time` is that of the first sample. `keyframe_bytes` reach from the fragment's start to the end of
    its first sample, 0 when that is not a key frame.
    """

    data: bytes
    decode_time: int
    duration: int
    presentation_time: int
    keyframe_bytes: int
    sample_count: int

    @property
    def is_sync(self) -> bool:
        """Tell whether the fragment can be decoded without any before it."""
        return self.keyframe_bytes > 0


class FragmentReader:
    """Read one track from the bytes of a pipe, in pieces of any size; raises Malformed."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head = b""
        self._init: Init | None = None
        self._moof = b""

    def feed(self, data: bytes) -> Iterator[Init | MediaFragment]:
        """Add bytes; yield what became complete."""
        self._buffer += data
        while box := self._next_box():
            kind, body = box
            if kind in ("ftyp", "moov"):
                self._head += branded(body) if kind == "ftyp" else body
                if kind == "moov":
                    self._init = read_init(self._head)
                    yield self._init
            elif kind == "moof":
                self._moof = body
            elif kind == "mdat" and self._moof:
                if self._init is None:
                    raise Malformed("a fragment before the movie box")
                yield read_fragment(self._moof + body, self._init)
                self._moof = b""

    def _next_box(self) -> tuple[str, bytes] | None:
        """Take the first box out of the buffer once all of it is there."""
        available = len(self._buffer)
        if available < LARGE_HEADER_BYTES:
            return None
        box = header(bytes(self._buffer[:LARGE_HEADER_BYTES]), 0, MAX_BOX_BYTES + 1)
        if box.end > MAX_BOX_BYTES:
            raise Malformed(f"{box.kind} box of {box.end} bytes")
        if available < box.end:
            return None
        body = bytes(self._buffer[: box.end])
        del self._buffer[: box.end]
        return box.kind, body


def branded(ftyp: bytes) -> bytes:
    """Return a file type box with CMAF's brand among the compatible ones (4.3)."""
    brands = ftyp if _CMAF_BRAND in ftyp else ftyp + _CMAF_BRAND
    return len(brands).to_bytes(4) + brands[4:]


def read_init(data: bytes) -> Init:
    """Read what ffmpeg wrote before the first fragment: a file type box and the movie box of one track."""
    view = memoryview(data)
    moov = next((box for box in boxes(view) if box.kind == "moov"), None)
    if moov is None:
        raise Malformed("an init segment without a movie box")
    entry = next(boxes(view, _first_entry(view, moov), len(data)), None)
    if entry is None:
        raise Malformed("no sample entry")
    handler = cursor(view, require(view, moov, "trak", "mdia", "hdlr"))
    handler.skip(8)
    is_video = bytes(handler.take(4)) == b"vide"
    fields = cursor(view, entry)
    fields.skip(_BEFORE_WIDTH if is_video else _BEFORE_CHANNELS)
    trex = cursor(view, require(view, moov, "mvex", "trex"))
    trex.skip(20)
    return Init(
        data=data,
        defaults=track_defaults(view, moov),
        sync_flags=trex.u32(),
        codec=codec_of(data),
        width=fields.u16() if is_video else 0,
        height=fields.u16() if is_video else 0,
        channels=0 if is_video else fields.u16(),
    )


def _first_entry(view: memoryview, moov: Box) -> int:
    return require(view, moov, "trak", "mdia", "minf", "stbl", "stsd").payload + 8


def read_fragment(data: bytes, init: Init) -> MediaFragment:
    """Read one moof with its mdat."""
    view = memoryview(data)
    moof = next(boxes(view))
    fragment: Fragment = parse_fragment(view, moof, init.defaults)
    if not fragment.samples:
        raise Malformed("a fragment without samples")
    first = fragment.samples[0]
    is_sync = not init.is_video or not _first_flags(view, moof, init.sync_flags) & _IS_NON_SYNC
    return MediaFragment(
        data=data,
        decode_time=fragment.decode_time,
        duration=fragment.duration,
        presentation_time=fragment.decode_time + first.composition_offset,
        keyframe_bytes=first.offset + first.size_bytes if is_sync else 0,
        sample_count=len(fragment.samples),
    )


def _first_flags(view: memoryview, moof: Box, default: int) -> int:
    """Return the flags of a fragment's first sample (8.8.3.1): its own, the run's, the fragment's or the track's."""
    traf = require(view, moof, "traf")
    tfhd = cursor(view, require(view, traf, "tfhd"))
    _, flags = tfhd.version_flags()
    tfhd.skip(4 + sum(size for flag, size in _TFHD_BEFORE_FLAGS if flags & flag))
    if flags & _TFHD_FLAGS:
        default = tfhd.u32()
    box = find(view, traf, "trun")
    if box is None:
        return default
    trun = cursor(view, box)
    _, flags = trun.version_flags()
    trun.skip(4 + (4 if flags & _TRUN_DATA_OFFSET else 0))
    if flags & _TRUN_FIRST_FLAGS:
        return trun.u32()
    if flags & _TRUN_FLAGS:
        trun.skip(sum(4 for flag in (_TRUN_DURATION, _TRUN_SIZE) if flags & flag))
        return trun.u32()
    return default
