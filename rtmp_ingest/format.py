"""Know what a publisher sends: codecs, configurations, size, frame rate, and which tags begin something."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from millrace.media.flv import FlvTag, Malformed, PacketKind, TagKind, audio_header, video_header
from millrace.media.live.sps import PictureSize, picture_size
from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.limits import Limits

__all__ = ["Seen", "StreamFormat"]

DEFAULT_FRAME_RATE: Final = Fraction(30)
HIGHEST_FRAME_RATE: Final = 240
_LIMITS: Final = Limits()
# What ffmpeg decodes or browsers play; AV1 has no decoder in the build that we ship.
VIDEO_CODECS: Final = frozenset({"avc1", "hvc1", "vp09", "vp08", "flv1", "vp6f"})
AUDIO_CODECS: Final = frozenset({"mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3", "alaw", "ulaw", "speex"})
# Codecs whose decoder needs a configuration before the first frame.
_CONFIGURED: Final = frozenset({"avc1", "hvc1", "mp4a"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What one tag is. `is_new_format` says that what was encoded before does not go on."""

    kind: TagKind
    is_frame: bool = False
    is_key_frame: bool = False
    is_new_format: bool = False
    composition_ms: int = 0


class StreamFormat:
    """The format of one publish, kept up to date by `note`."""

    def __init__(self) -> None:
        self.video_codec: str | None = None
        self.audio_codec: str | None = None
        self.size: PictureSize | None = None
        self.frame_rate = DEFAULT_FRAME_RATE
        self.declared_video_bps = 0
        self.problem: str | None = None
        self._configurations: dict[TagKind, FlvTag] = {}
        self._declared_size: PictureSize | None = None

    @property
    def configurations(self) -> tuple[FlvTag, ...]:
        """Return the tags that a decoder must see first."""
        return tuple(self._configurations.values())

    def note(self, tag: FlvTag) -> Seen:
        """Look at a tag; a malformed one is a tag of nothing."""
        try:
            if tag.kind is TagKind.VIDEO:
                return self._video(tag)
            if tag.kind is TagKind.AUDIO:
                return self._audio(tag)
            self._metadata(tag.payload)
        except (Malformed, ProtocolError):
            pass
        return Seen(tag.kind)

    def _video(self, tag: FlvTag) -> Seen:
        header = video_header(tag.payload)
        if header.packet is PacketKind.CONFIGURATION:
            is_new = self._configure(tag)
            self.video_codec = header.codec
            self.size = self._declared_size
            if header.codec == "avc1":
                self.size = picture_size(tag.payload[header.data_start :])
            return Seen(tag.kind, is_new_format=is_new)
        if header.packet is not PacketKind.FRAMES:
            return Seen(tag.kind)
        is_new = self.video_codec not in (None, header.codec)
        self.video_codec = header.codec
        self.size = self.size or self._declared_size
        if header.codec not in VIDEO_CODECS:
            self.problem = f"the video codec {header.codec!r} cannot be used here: choose H.264"
        if header.codec in _CONFIGURED and TagKind.VIDEO not in self._configurations:
            return Seen(tag.kind)
        return Seen(tag.kind, True, header.is_key_frame, is_new, header.composition_ms)

    def _audio(self, tag: FlvTag) -> Seen:
        header = audio_header(tag.payload)
        if header.packet is PacketKind.CONFIGURATION:
            self.audio_codec = header.codec
            return Seen(tag.kind, is_new_format=self._configure(tag))
        if header.packet is not PacketKind.FRAMES:
            return Seen(tag.kind)
        is_new = self.audio_codec not in (None, header.codec)
        self.audio_codec = header.codec
        if header.codec not in AUDIO_CODECS:
            self.problem = f"the audio codec {header.codec!r} cannot be used here: choose AAC"
        if header.codec in _CONFIGURED and TagKind.AUDIO not in self._configurations:
            return Seen(tag.kind)
        return Seen(tag.kind, True, False, is_new)

    def _configure(self, tag: FlvTag) -> bool:
        """Remember a configuration; tell whether it replaces another one."""
        before = self._configurations.get(tag.kind)
        self._configurations[tag.kind] = tag
        return before is not None and before.payload != tag.payload

    def _metadata(self, payload: bytes) -> None:
        """Read onMetaData: often wrong or absent, so that only what nothing else tells is taken."""
        values = next((value for value in amf0.decode(payload, _LIMITS) if isinstance(value, dict)), {})
        numbers = {
            name: value
            for name, value in values.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
        }
        rate = numbers.get("framerate", 0)
        if 1 <= rate <= HIGHEST_FRAME_RATE:
            self.frame_rate = Fraction(rate).limit_denominator(1001)
        self.declared_video_bps = int(numbers.get("videodatarate", 0) * 1000)
        width, height = int(numbers.get("width", 0)), int(numbers.get("height", 0))
        if width and height:
            self._declared_size = PictureSize(width, height)
