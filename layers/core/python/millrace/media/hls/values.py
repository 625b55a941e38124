"""What HLS playlists say, as values.

Clauses are of draft-pantos-hls-rfc8216bis. Only what Millrace publishes is here. Values do not check themselves,
so that a broken playlist can be read and talked about; writing does.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

__all__ = [
    "AudioRendition",
    "ByteRange",
    "HintType",
    "IFrameVariant",
    "InitSegment",
    "MediaPlaylist",
    "MediaSegment",
    "MultivariantPlaylist",
    "OpenSegment",
    "Part",
    "PlaylistError",
    "PlaylistType",
    "PreloadHint",
    "RenditionReport",
    "ServerControl",
    "Start",
    "SubtitleRendition",
    "Variant",
]

# EXT-X-MAP in playlists with ordinary segments needs 6 (clause 8).
VERSION: Final = 7
# EXT-X-SKIP needs 9, and so does everything beside it.
LOW_LATENCY_VERSION: Final = 9


class PlaylistError(ValueError):
    """Say that a text is not the playlist it claims to be, or that a value cannot be written."""


class PlaylistType(StrEnum):
    """Promise how a media playlist may change (4.4.3.5)."""

    VOD = "VOD"
    EVENT = "EVENT"


class HintType(StrEnum):
    """Say what a preload hint announces (4.4.5.3)."""

    PART = "PART"
    MAP = "MAP"


@dataclass(frozen=True, slots=True)
class Start:
    """Tell players where to begin (4.4.2.2); a negative offset counts from the end."""

    time_offset_s: Decimal
    is_precise: bool = False


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Choose bytes of a resource (4.4.4.2)."""

    length: int
    offset: int = 0

    @property
    def end(self) -> int:
        """Return the place after the last byte."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class InitSegment:
    """Name what a decoder needs before the segments (4.4.4.5)."""

    uri: str
    byte_range: ByteRange | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Name a part of a segment (4.4.4.9); independent if it holds a key frame to begin with."""

    uri: str
    duration_s: Decimal
    is_independent: bool = False
    byte_range: ByteRange | None = None
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """Name a segment and how long it plays; `init` holds for it whether or not it is new here.

    `byte_range` makes it a piece of a resource, `is_discontinuity` begins a new timeline, `is_gap` says that the
    bytes are missing. `parts` are what it was published as, while they still matter.
    """

    uri: str
    duration_s: Decimal
    init: InitSegment | None = None
    byte_range: ByteRange | None = None
    is_discontinuity: bool = False
    program_date_time: datetime | None = None
    is_gap: bool = False
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """Hold the parts of a segment that is not finished; there is none before its first part."""

    parts: tuple[Part, ...]
    init: InitSegment | None = None
    is_discontinuity: bool = False
    program_date_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerControl:
    """Tell players what the server can do and how far from the end to stay (4.4.3.8)."""

    can_block_reload: bool = False
    part_hold_back_s: Decimal | None = None
    hold_back_s: Decimal | None = None
    can_skip_until_s: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PreloadHint:
    """Announce what a player will want next (4.4.5.3)."""

    uri: str
    type: HintType = HintType.PART
    byte_start: int = 0
    byte_length: int | None = None


@dataclass(frozen=True, slots=True)
class RenditionReport:
    """Say how far another rendition is (4.4.5.4)."""

    uri: str
    last_msn: int
    last_part: int | None = None


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """List the segments of one rendition (4.4.3).

    `media_sequence` numbers the first segment, also where `skipped_segments` of a delta update stand for it.
    """

    target_duration_s: int
    segments: tuple[MediaSegment, ...]
    media_sequence: int = 1
    discontinuity_sequence: int = 0
    playlist_type: PlaylistType | None = None
    has_ended: bool = False
    is_iframes_only: bool = False
    has_independent_segments: bool = True
    start: Start | None = None
    part_target_s: Decimal | None = None
    server_control: ServerControl | None = None
    skipped_segments: int = 0
    open_segment: OpenSegment | None = None
    preload_hints: tuple[PreloadHint, ...] = ()
    rendition_reports: tuple[RenditionReport, ...] = ()
    version: int = VERSION

    @property
    def open_msn(self) -> int:
        """Return the media sequence number of the segment that comes after the last complete one."""
        return self.media_sequence + self.skipped_segments + len(self.segments)

    @property
    def duration_s(self) -> Decimal:
        """Return how long the listed segments and parts play."""
        open_parts = self.open_segment.parts if self.open_segment else ()
        segments_s = sum((segment.duration_s for segment in self.segments), Decimal(0))
        return segments_s + sum((part.duration_s for part in open_parts), Decimal(0))


@dataclass(frozen=True, slots=True)
class AudioRendition:
    """Offer a sound track to the variants that name its group (4.4.6.1)."""

    group_id: str
    name: str
    uri: str
    language: str | None = None
    channels: int | None = None
    is_default: bool = True
    is_autoselect: bool = True
    characteristics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubtitleRendition:
    """Offer captions to the variants that name their group (4.4.6.1)."""

    group_id: str
    name: str
    uri: str
    language: str | None = None
    is_default: bool = False
    is_autoselect: bool = True
    is_forced: bool = False
    characteristics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """Offer one rendition (4.4.6.2); rates include the sound.

    Without a picture there is neither size nor frame rate.
    """

    uri: str
    bandwidth_bps: int
    average_bandwidth_bps: int
    codecs: tuple[str, ...]
    width: int | None = None
    height: int | None = None
    frame_rate: Decimal | None = None
    audio_group_id: str | None = None
    subtitles_group_id: str | None = None
    has_no_closed_captions: bool = False


@dataclass(frozen=True, slots=True)
class IFrameVariant:
    """Offer the key frames of one rendition, for seeking with pictures (4.4.6.3)."""

    uri: str
    bandwidth_bps: int
    average_bandwidth_bps: int
    codecs: tuple[str, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class MultivariantPlaylist:
    """Offer variants, best first choice first (4.4.6)."""

    variants: tuple[Variant, ...]
    audio: tuple[AudioRendition, ...] = ()
    start: Start | None = None
    version: int = VERSION
    subtitles: tuple[SubtitleRendition, ...] = ()
    iframe_variants: tuple[IFrameVariant, ...] = ()
    has_independent_segments: bool = True
