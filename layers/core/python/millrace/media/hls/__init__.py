"""HLS playlists as values: parse, build, write (RFC 8216 and its second edition, low latency included).

Only what Millrace publishes is known here; reading skips other tags, as clause 4.1 demands.
"""

from millrace.media.hls.delta import apply_delta, make_delta
from millrace.media.hls.multivariant import parse_multivariant, write_multivariant
from millrace.media.hls.parse_media import parse_media
from millrace.media.hls.values import (
    LOW_LATENCY_VERSION,
    AudioRendition,
    ByteRange,
    HintType,
    IFrameVariant,
    InitSegment,
    MediaPlaylist,
    MediaSegment,
    MultivariantPlaylist,
    OpenSegment,
    Part,
    PlaylistError,
    PlaylistType,
    PreloadHint,
    RenditionReport,
    ServerControl,
    Start,
    SubtitleRendition,
    Variant,
)
from millrace.media.hls.write_media import write_media

__all__ = [
    "LOW_LATENCY_VERSION",
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
    "apply_delta",
    "make_delta",
    "parse_media",
    "parse_multivariant",
    "write_media",
    "write_multivariant",
]
