"""Read and write FLV tags: what RTMP carries, and what ffmpeg reads from a pipe.

Clauses E.x are of Adobe's "Video File Format Specification" version 10.1; "E-RTMP" is Enhanced RTMP v2,
which adds codecs named by four characters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from millrace.media.boxes import Cursor, Malformed

__all__ = [
    "FILE_HEADER",
    "AudioHeader",
    "FlvTag",
    "Malformed",
    "PacketKind",
    "TagKind",
    "VideoHeader",
    "audio_header",
    "encode",
    "read_tags",
    "video_header",
]

# Version 1, audio and video announced, and the size of the tag before the first (E.2, E.3).
FILE_HEADER: Final = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
_TAG_HEADER_BYTES: Final = 11
_TRAILER_BYTES: Final = 4

_ENHANCED_VIDEO: Final = 0x80
_ENHANCED_AUDIO: Final = 9
_KEY_FRAME: Final = 1
_SEEK_COMMAND: Final = 5
_MAX_MODIFIERS: Final = 8
# Codecs of E.4.2.1 and E.4.3.1 under the names that E-RTMP gives them, or ffmpeg's where it gives none.
_AUDIO_FORMATS: Final = {2: ".mp3", 7: "alaw", 8: "ulaw", 10: "mp4a", 11: "speex", 14: ".mp3"}
_VIDEO_CODECS: Final = {2: "flv1", 4: "vp6f", 5: "vp6a", 7: "avc1", 12: "hvc1", 13: "av01"}
_HAVE_PACKET_KINDS: Final = frozenset({7, 12, 13})
_HAVE_COMPOSITION_OFFSETS: Final = frozenset({"avc1", "hvc1", "vvc1"})


class TagKind(IntEnum):
    """The three kinds of tags; the numbers are also RTMP's message types."""

    AUDIO = 8
    VIDEO = 9
    SCRIPT = 18


class PacketKind(IntEnum):
    """What a packet of sound or pictures holds."""

    CONFIGURATION = 0
    FRAMES = 1
    END = 2
    # Colour information, multichannel layouts, seek commands: nothing that is decoded.
    OTHER = 3


@dataclass(frozen=True, slots=True)
class FlvTag:
    """One tag: milliseconds (32 bits, decode time) and the bytes that follow the tag's header."""

    kind: TagKind
    timestamp_ms: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """What the first bytes of a video tag say.

    `codec` is the four-character code ("avc1", "hvc1", "av01", "vp09", …), also for tags without one.
    `data_start` is where the configuration record or the frame begins; `composition_ms` is presentation
    minus decode time. `is_multitrack` tags carry several tracks and are not taken apart.
    """

    codec: str
    packet: PacketKind
    is_key_frame: bool
    composition_ms: int
    data_start: int
    is_enhanced: bool = False
    is_multitrack: bool = False


@dataclass(frozen=True, slots=True)
class AudioHeader:
    """What the first bytes of an audio tag say; `codec` is "mp4a", ".mp3", "Opus", "fLaC", "ac-3" and so on."""

    codec: str
    packet: PacketKind
    data_start: int
    is_enhanced: bool = False
    is_multitrack: bool = False


def encode(tag: FlvTag) -> bytes:
    """Return a tag as it stands in a file, with the size that follows it (E.4.1)."""
    size = len(tag.payload)
    stamp = tag.timestamp_ms & 0xFFFFFFFF
    return b"".join(
        (
            (tag.kind << 24 | size).to_bytes(4),
            ((stamp & 0xFFFFFF) << 32 | (stamp >> 24) << 24).to_bytes(7),
            tag.payload,
            (size + _TAG_HEADER_BYTES).to_bytes(4),
        )
    )


def read_tags(data: bytes) -> Iterator[FlvTag]:
    """Return the tags of a whole file; a tag that is cut off at the end is left out.

    Raises Malformed for what is no FLV file and for tags of other kinds.
    """
    reader = Cursor(memoryview(data), 0, len(data))
    if bytes(reader.take(3)) != b"FLV":
        raise Malformed("no FLV file")
    reader.skip(2)
    reader.skip(reader.u32() - 9 + _TRAILER_BYTES)
    while reader.left >= _TAG_HEADER_BYTES:
        kind, size = reader.u8(), reader.u24()
        stamp = reader.u24() | reader.u8() << 24
        reader.skip(3)
        if reader.left < size:
            return
        if kind not in _TAG_KINDS:
            raise Malformed(f"FLV tag of kind {kind}")
        yield FlvTag(TagKind(kind), stamp, bytes(reader.take(size)))
        reader.skip(min(_TRAILER_BYTES, reader.left))


_TAG_KINDS: Final = frozenset(int(kind) for kind in TagKind)


def video_header(payload: bytes) -> VideoHeader:
    """Read the head of a video tag (E.4.3, E-RTMP "Enhanced Video"); raises Malformed when it is cut short."""
    reader = Cursor(memoryview(payload), 0, len(payload))
    first = reader.u8()
    if first & _ENHANCED_VIDEO:
        return _enhanced_video(reader, first)
    frame, codec_id = first >> 4, first & 0x0F
    codec = _VIDEO_CODECS.get(codec_id, f"#{codec_id}")
    packet, composition_ms = PacketKind.FRAMES, 0
    if frame == _SEEK_COMMAND:
        packet = PacketKind.OTHER
    elif codec_id in _HAVE_PACKET_KINDS:
        packet = _packet_kind(reader.u8())
        composition_ms = _i24(reader)
    is_key = frame == _KEY_FRAME and packet is PacketKind.FRAMES
    return VideoHeader(codec, packet, is_key, composition_ms, reader.position)


def audio_header(payload: bytes) -> AudioHeader:
    """Read the head of an audio tag (E.4.2, E-RTMP "Enhanced Audio"); raises Malformed when it is cut short."""
    reader = Cursor(memoryview(payload), 0, len(payload))
    first = reader.u8()
    sound_format = first >> 4
    if sound_format == _ENHANCED_AUDIO:
        return _enhanced_audio(reader, first & 0x0F)
    codec = _AUDIO_FORMATS.get(sound_format, f"#{sound_format}")
    packet = PacketKind.FRAMES
    if codec == "mp4a" and reader.u8() == 0:
        packet = PacketKind.CONFIGURATION
    return AudioHeader(codec, packet, reader.position)


# Packet types of E-RTMP that are not the same for sound and pictures.
_VIDEO_FRAMES_WITHOUT_OFFSET: Final = 3
_VIDEO_MULTITRACK: Final = 6
_AUDIO_MULTITRACK: Final = 5
_MODIFIER: Final = 7


def _enhanced_video(reader: Cursor, first: int) -> VideoHeader:
    frame = first >> 4 & 7
    packet_type = _after_modifiers(reader, first & 0x0F)
    if frame == _SEEK_COMMAND and packet_type != 4:
        return VideoHeader("", PacketKind.OTHER, False, 0, reader.position, is_enhanced=True)
    is_multitrack = packet_type == _VIDEO_MULTITRACK
    if is_multitrack:
        packet_type = reader.u8() & 0x0F
    codec = _four_characters(reader)
    has_offset = packet_type == PacketKind.FRAMES and codec in _HAVE_COMPOSITION_OFFSETS and not is_multitrack
    composition_ms = _i24(reader) if has_offset else 0
    packet = PacketKind.FRAMES if packet_type == _VIDEO_FRAMES_WITHOUT_OFFSET else _packet_kind(packet_type)
    is_key = frame == _KEY_FRAME and packet is PacketKind.FRAMES
    return VideoHeader(codec, packet, is_key, composition_ms, reader.position, True, is_multitrack)


def _enhanced_audio(reader: Cursor, packet_type: int) -> AudioHeader:
    packet_type = _after_modifiers(reader, packet_type)
    is_multitrack = packet_type == _AUDIO_MULTITRACK
    if is_multitrack:
        packet_type = reader.u8() & 0x0F
    codec = _four_characters(reader)
    return AudioHeader(codec, _packet_kind(packet_type), reader.position, True, is_multitrack)


def _after_modifiers(reader: Cursor, packet_type: int) -> int:
    """Pass over what modifies a packet, such as nanoseconds, and return the type of the packet itself."""
    for _ in range(_MAX_MODIFIERS):
        if packet_type != _MODIFIER:
            return packet_type
        size = reader.u8() + 1
        if size == 256:
            size = reader.u16() + 1
        reader.skip(size)
        packet_type = reader.u8() & 0x0F
    raise Malformed("a packet with too many modifiers")


def _packet_kind(number: int) -> PacketKind:
    return PacketKind(number) if number < PacketKind.OTHER else PacketKind.OTHER


def _four_characters(reader: Cursor) -> str:
    return bytes(reader.take(4)).decode("latin-1")


def _i24(reader: Cursor) -> int:
    return int.from_bytes(reader.take(3), signed=True)
