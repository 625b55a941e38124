"""Name the codec of an init segment as playlists and browsers do (RFC 6381)."""

from millrace.media.boxes import Box, Malformed, boxes, cursor, require

__all__ = ["codec_of"]

# Fixed fields before the boxes of a sample entry (ISO/IEC 14496-12 clauses 12.1.3 and 12.2.3).
_VIDEO_ENTRY_BYTES = 78
_AUDIO_ENTRY_BYTES = 28
_ES_DESCRIPTOR, _DECODER_CONFIG, _DECODER_SPECIFIC = 3, 4, 5


def codec_of(init: bytes) -> str:
    """Return "avc1.PPCCLL" or "mp4a.40.N" of the only track; raises Malformed for another codec."""
    data = memoryview(init)
    moov = next((box for box in boxes(data) if box.kind == "moov"), None)
    if moov is None:
        raise Malformed("an init segment without a movie box")
    stsd = require(data, moov, "trak", "mdia", "minf", "stbl", "stsd")
    entry = next(boxes(data, stsd.payload + 8, stsd.end), None)
    if entry is None:
        raise Malformed("no sample entry")
    if entry.kind == "avc1":
        config = cursor(data, _child(data, entry, _VIDEO_ENTRY_BYTES, "avcC"))
        config.skip(1)
        return "avc1." + bytes(config.take(3)).hex()
    if entry.kind == "mp4a":
        return f"mp4a.40.{_audio_object_type(data, _child(data, entry, _AUDIO_ENTRY_BYTES, 'esds'))}"
    raise Malformed(f"sample entry {entry.kind!r}")


def _child(data: memoryview, entry: Box, fixed_bytes: int, kind: str) -> Box:
    start = min(entry.payload + fixed_bytes, entry.end)
    for box in boxes(data, start, entry.end):
        if box.kind == kind:
            return box
    raise Malformed(f"{entry.kind} has no {kind}")


def _audio_object_type(data: memoryview, esds: Box) -> int:
    """Return the audio object type of an elementary stream descriptor (ISO/IEC 14496-1 clause 7.2.6)."""
    reader = cursor(data, esds)
    reader.version_flags()
    fixed_bytes = {_ES_DESCRIPTOR: 3, _DECODER_CONFIG: 13}
    for wanted in (_ES_DESCRIPTOR, _DECODER_CONFIG, _DECODER_SPECIFIC):
        tag = reader.u8()
        # The length takes up to four bytes; what is inside follows at once.
        for _ in range(4):
            if not reader.u8() & 0x80:
                break
        if tag != wanted:
            raise Malformed(f"descriptor {tag}, expected {wanted}")
        reader.skip(fixed_bytes.get(wanted, 0))
    return reader.u8() >> 3
