"""Look into init segments and segments for what they say of themselves (ISO/IEC 14496-12 and 23000-19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from millrace.media.boxes import Box, Malformed, boxes, cursor, find, require
from millrace.media.codecs import codec_of
from millrace.media.fragment import Fragment, TrackDefaults, parse_fragment, track_defaults

__all__ = ["InitFacts", "SegmentFacts", "SeveralTracks", "inspect_init", "inspect_keyframe", "inspect_segment"]

_CMAF_BRANDS = {"cmfc", "cmf2", "cmfs", "cmff", "cmfl"}
# Where a visual sample entry has its width (14496-12 12.1.3), from the start of the entry's payload.
_SIZE_AT = 24
_CHANNELS_AT = 16


class SeveralTracks(Malformed):
    """Say that picture and sound lie in one file, which HLS allows and CMAF does not."""


@dataclass(frozen=True, slots=True)
class InitFacts:
    """What an init segment says; `codec` is None where we cannot name it, sizes are those of the sample entry.

    `skipped_ticks` is what an edit list leaves out at the beginning.
    """

    defaults: TrackDefaults
    handler: str
    sample_format: str
    codec: str | None
    width: int | None
    height: int | None
    channels: int | None
    is_branded: bool
    skipped_ticks: int

    @property
    def is_video(self) -> bool:
        """Return whether the track is a picture."""
        return self.handler == "vide"


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What a segment says, in ticks; `shown_from` is the first presentation time."""

    decode_time: int
    duration: int
    shown_from: int
    begins_with_key_frame: bool
    sample_count: int
    sequence_numbers: tuple[int, ...]
    size_bytes: int

    @property
    def end(self) -> int:
        """Return the decode time after the last sample."""
        return self.decode_time + self.duration

    def seconds(self, init: InitFacts) -> tuple[Fraction, Fraction]:
        """Return from and until when it is shown, in seconds of the track's presentation."""
        timescale = init.defaults.timescale
        start = self.shown_from - init.skipped_ticks
        return Fraction(max(0, start), timescale), Fraction(start + self.duration, timescale)


def inspect_init(data: bytes) -> InitFacts:
    """Read an init segment; raises Malformed."""
    view = memoryview(data)
    top = {box.kind: box for box in boxes(view)}
    if "moov" not in top or "ftyp" not in top:
        raise Malformed("no ftyp or no moov")
    if "moof" in top or "mdat" in top:
        raise Malformed("media in an init segment")
    moov = top["moov"]
    traks = [box for box in boxes(view, moov.payload, moov.end) if box.kind == "trak"]
    if len(traks) > 1:
        raise SeveralTracks(f"{len(traks)} tracks, one wanted")
    if not traks:
        raise Malformed("no track")
    stsd = require(view, traks[0], "mdia", "minf", "stbl", "stsd")
    entry = next(boxes(view, stsd.payload + 8, stsd.end), None)
    if entry is None:
        raise Malformed("no sample entry")
    handler = _handler(view, traks[0])
    size = _size(view, entry) if handler == "vide" else (None, None)
    return InitFacts(
        defaults=track_defaults(view, moov),
        handler=handler,
        sample_format=entry.kind,
        codec=_codec(data),
        width=size[0],
        height=size[1],
        channels=_channels(view, entry) if handler == "soun" else None,
        is_branded=bool(_brands(view, top["ftyp"]) & _CMAF_BRANDS),
        skipped_ticks=_skipped_ticks(view, traks[0]),
    )


def _handler(view: memoryview, trak: Box) -> str:
    reader = cursor(view, require(view, trak, "mdia", "hdlr"))
    reader.skip(8)
    return bytes(reader.take(4)).decode("latin-1")


def _codec(data: bytes) -> str | None:
    try:
        return codec_of(data)
    except Malformed:
        return None


def _size(view: memoryview, entry: Box) -> tuple[int, int]:
    reader = cursor(view, entry)
    reader.skip(_SIZE_AT)
    return reader.u16(), reader.u16()


def _channels(view: memoryview, entry: Box) -> int:
    reader = cursor(view, entry)
    reader.skip(_CHANNELS_AT)
    return reader.u16()


def _brands(view: memoryview, ftyp: Box) -> set[str]:
    text = bytes(view[ftyp.payload : ftyp.end]).decode("latin-1")
    return {text[at : at + 4] for at in range(0, len(text), 4) if at != 4}


def _skipped_ticks(view: memoryview, trak: Box) -> int:
    """Return the media time at which the last edit begins: one that presents the rest of the track."""
    edts = find(view, trak, "edts")
    elst = find(view, edts, "elst") if edts else None
    if elst is None:
        return 0
    reader = cursor(view, elst)
    version, _ = reader.version_flags()
    media_time = 0
    for _ in range(min(reader.u32(), 16)):
        reader.skip(8 if version == 1 else 4)
        media_time = reader.i64() if version == 1 else reader.i32()
        reader.skip(4)
    return max(0, media_time)


def inspect_segment(data: bytes, init: InitFacts) -> SegmentFacts:
    """Read a segment; raises Malformed where it is not whole."""
    fragments = _fragments(memoryview(data), init.defaults, is_whole=True)
    for before, after in pairwise(fragments):
        if after.decode_time != before.decode_time + before.duration:
            raise Malformed(f"a fragment at {after.decode_time}, expected {before.decode_time + before.duration}")
    view = memoryview(data)
    return SegmentFacts(
        decode_time=fragments[0].decode_time,
        duration=sum(fragment.duration for fragment in fragments),
        shown_from=min(fragment.presentation_times[0] for fragment in fragments),
        begins_with_key_frame=fragments[0].samples[0].is_sync,
        sample_count=sum(len(fragment.samples) for fragment in fragments),
        sequence_numbers=tuple(int.from_bytes(view[each.sequence_number_at :][:4]) for each in fragments),
        size_bytes=len(data),
    )


def inspect_keyframe(data: bytes, init: InitFacts) -> bool:
    """Return whether bytes hold a moof and a whole key frame after it; raises Malformed."""
    fragment = _fragments(memoryview(data), init.defaults, is_whole=False)[0]
    frame = fragment.samples[0]
    return frame.is_sync and frame.offset + frame.size_bytes <= len(data)


def _fragments(view: memoryview, defaults: TrackDefaults, *, is_whole: bool) -> Sequence[Fragment]:
    """Parse each moof, and require its samples in the mdat after it."""
    fragments: list[Fragment] = []
    for moof, mdat in _pairs(view, is_whole=is_whole):
        fragment = parse_fragment(view, moof, defaults)
        if not fragment.samples:
            raise Malformed("a fragment without samples")
        last = fragment.samples[-1]
        if fragment.samples[0].offset < mdat.payload or (is_whole and last.offset + last.size_bytes > mdat.end):
            raise Malformed("samples outside of their mdat")
        fragments.append(fragment)
        if not is_whole:
            break
    if not fragments:
        raise Malformed("no moof with an mdat")
    return fragments


def _pairs(view: memoryview, *, is_whole: bool) -> list[tuple[Box, Box]]:
    pairs: list[tuple[Box, Box]] = []
    moof: Box | None = None
    position = 0
    while position < len(view):
        box = _next_box(view, position, is_whole=is_whole)
        if box.kind == "moof":
            moof = box
        elif box.kind == "mdat" and moof is not None:
            pairs.append((moof, box))
            moof = None
        position = box.end
    if moof is not None:
        raise Malformed("a moof without an mdat")
    return pairs


def _next_box(view: memoryview, position: int, *, is_whole: bool) -> Box:
    """Read a header; an mdat may be cut where only its first sample was asked for."""
    if is_whole:
        return next(boxes(view, position, len(view)))
    size = int.from_bytes(view[position : position + 4])
    if bytes(view[position + 4 : position + 8]) == b"mdat" and position + size > len(view):
        return Box("mdat", position, position + 8, len(view))
    return next(boxes(view, position, len(view)))
