"""Fill holes in the sound with silence, so that players need not stop for it.

Encoders stop sending sound when a device is unplugged or a scene has none. The picture goes on, and a player that has a
sound track waits for it.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from millrace.media.flv import FlvTag, Malformed, PacketKind, TagKind, audio_header
from rtmp_ingest.format import Seen

__all__ = ["Silence"]

# Sound of a healthy stream arrives less than this after its picture.
MISSING_MS: Final = 1500
# How near the silence comes to the picture: sound that returns shall not find its place taken.
MARGIN_MS: Final = 300
FRAME_SAMPLES: Final = 1024
# What an AAC-LC encoder makes of silence, by channels; a test decodes it.
_SILENT_FRAMES: Final = {1: bytes.fromhex("01182007"), 2: bytes.fromhex("211004608c1c")}
# ISO/IEC 14496-3 1.6.3.4, by index.
_SAMPLE_RATES_KHZ: Final = (96, 88.2, 64, 48, 44.1, 32, 24, 22.05, 16, 12, 11.025, 8)
_AAC_LC: Final = 2
_FLV_AAC_FRAME: Final = b"\xaf\x01"


class Silence:
    """Watch the tags of one publish; only plain AAC of one or two channels can be filled."""

    def __init__(self) -> None:
        self.filled_ms = 0
        self._frame: bytes | None = None
        self._frame_ms = Fraction(0)
        # Where the sound ends that was taken or filled in; None before the first.
        self._end_ms: Fraction | None = None
        self._is_filling = False

    def before(self, tag: FlvTag, seen: Seen) -> Iterator[FlvTag]:
        """Yield the silence that is missing before a frame: up to a picture, or to the sound that is back."""
        if not seen.is_frame or self._frame is None or self._end_ms is None:
            return
        is_video = tag.kind is TagKind.VIDEO
        self._is_filling |= is_video and tag.timestamp_ms - self._end_ms > MISSING_MS
        if not self._is_filling:
            return
        until_ms = tag.timestamp_ms - (MARGIN_MS if is_video else self._frame_ms / 2)
        while self._end_ms + self._frame_ms / 2 <= until_ms:
            yield FlvTag(TagKind.AUDIO, round(self._end_ms), _FLV_AAC_FRAME + self._frame)
            self._end_ms += self._frame_ms
            self.filled_ms += int(self._frame_ms)

    def admits(self, tag: FlvTag) -> bool:
        """Tell whether a tag may be taken: sound whose place was filled comes too late."""
        if tag.kind is not TagKind.AUDIO:
            return True
        try:
            header = audio_header(tag.payload)
        except Malformed:
            return True
        if header.packet is PacketKind.CONFIGURATION and header.codec == "mp4a":
            self._configure(tag.payload[header.data_start :])
        if header.packet is not PacketKind.FRAMES:
            return True
        if self._is_filling and self._end_ms is not None and tag.timestamp_ms < self._end_ms - self._frame_ms / 2:
            return False
        self._is_filling = False
        self._end_ms = tag.timestamp_ms + self._frame_ms
        return True

    def _configure(self, configuration: bytes) -> None:
        """Read object type, sample rate, channels and whether frames are short (ISO/IEC 14496-3 1.6.2.1)."""
        self._frame = None
        bits = int.from_bytes(configuration[:2])
        kind, rate, channels, is_short = bits >> 11, bits >> 7 & 0xF, bits >> 3 & 0xF, bits >> 2 & 1
        if len(configuration) < 2 or kind != _AAC_LC or rate >= len(_SAMPLE_RATES_KHZ) or is_short:
            return
        self._frame = _SILENT_FRAMES.get(channels)
        self._frame_ms = FRAME_SAMPLES / Fraction(str(_SAMPLE_RATES_KHZ[rate]))
