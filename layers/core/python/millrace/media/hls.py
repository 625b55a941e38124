"""HLS playlists as values: parse, build, write (RFC 8216).

Only what Millrace publishes is known here; reading skips other tags, as clause 4.1 demands.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

__all__ = [
    "AudioRendition",
    "MediaPlaylist",
    "MediaSegment",
    "MultivariantPlaylist",
    "PlaylistError",
    "PlaylistType",
    "Start",
    "Variant",
    "parse_media",
    "parse_multivariant",
    "write_media",
    "write_multivariant",
]

# EXT-X-MAP in playlists with ordinary segments needs 6 (clause 7), fractional everything 7.
VERSION: Final = 7
_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^",]*)(?:,|$)')
_MICROSECOND: Final = Decimal("0.000001")


class PlaylistError(ValueError):
    """Say that a text is not the playlist it claims to be, or that a value cannot be written."""


class PlaylistType(StrEnum):
    """Promise how a media playlist may change (4.3.3.5)."""

    VOD = "VOD"
    EVENT = "EVENT"


@dataclass(frozen=True, slots=True)
class Start:
    """Tell players where to begin (4.3.5.2)."""

    time_offset_s: Decimal
    is_precise: bool = False


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """Name a segment and how long it plays."""

    uri: str
    duration_s: Decimal


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """List the segments of one rendition (4.3.3)."""

    target_duration_s: int
    map_uri: str
    segments: tuple[MediaSegment, ...]
    media_sequence: int = 1
    playlist_type: PlaylistType | None = None
    has_ended: bool = False
    start: Start | None = None
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class AudioRendition:
    """Offer a sound track to the variants that name its group (4.3.4.1)."""

    group_id: str
    name: str
    uri: str
    language: str | None = None
    channels: int | None = None
    is_default: bool = True


@dataclass(frozen=True, slots=True)
class Variant:
    """Offer one rendition of the picture (4.3.4.2); rates include the sound."""

    uri: str
    bandwidth_bps: int
    average_bandwidth_bps: int
    codecs: tuple[str, ...]
    width: int
    height: int
    frame_rate: Decimal
    audio_group_id: str | None = None


@dataclass(frozen=True, slots=True)
class MultivariantPlaylist:
    """Offer variants, best first choice first (4.3.4)."""

    variants: tuple[Variant, ...]
    audio: tuple[AudioRendition, ...] = ()
    start: Start | None = None
    version: int = VERSION


def write_media(playlist: MediaPlaylist) -> str:
    """Write a media playlist; raises PlaylistError where a segment exceeds the target duration."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{playlist.version}", f"#EXT-X-TARGETDURATION:{playlist.target_duration_s}"]
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{playlist.media_sequence}")
    if playlist.playlist_type is not None:
        lines.append(f"#EXT-X-PLAYLIST-TYPE:{playlist.playlist_type.value}")
    lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
    lines += _start_lines(playlist.start)
    lines.append("#EXT-X-MAP:" + _write_attributes({"URI": _quoted(playlist.map_uri)}))
    for segment in playlist.segments:
        # Rounded to the nearest second, no segment may exceed the target (4.3.3.1).
        if int(segment.duration_s + Decimal("0.5")) > playlist.target_duration_s:
            raise PlaylistError(f"{segment.uri} lasts {segment.duration_s} s, target {playlist.target_duration_s} s")
        lines.append(f"#EXTINF:{segment.duration_s.quantize(_MICROSECOND)},")
        lines.append(_line(segment.uri))
    if playlist.has_ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def write_multivariant(playlist: MultivariantPlaylist) -> str:
    """Write a multivariant playlist."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{playlist.version}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += _start_lines(playlist.start)
    for audio in playlist.audio:
        lines.append("#EXT-X-MEDIA:" + _write_attributes(_audio_attributes(audio)))
    for variant in playlist.variants:
        lines.append("#EXT-X-STREAM-INF:" + _write_attributes(_variant_attributes(variant)))
        lines.append(_line(variant.uri))
    return "\n".join(lines) + "\n"


def _audio_attributes(audio: AudioRendition) -> dict[str, str]:
    attributes = {"TYPE": "AUDIO", "GROUP-ID": _quoted(audio.group_id), "NAME": _quoted(audio.name)}
    if audio.language is not None:
        attributes["LANGUAGE"] = _quoted(audio.language)
    attributes["DEFAULT"] = "YES" if audio.is_default else "NO"
    attributes["AUTOSELECT"] = "YES"
    if audio.channels is not None:
        attributes["CHANNELS"] = _quoted(str(audio.channels))
    attributes["URI"] = _quoted(audio.uri)
    return attributes


def _variant_attributes(variant: Variant) -> dict[str, str]:
    attributes = {
        "BANDWIDTH": str(variant.bandwidth_bps),
        "AVERAGE-BANDWIDTH": str(variant.average_bandwidth_bps),
        "CODECS": _quoted(",".join(variant.codecs)),
        "RESOLUTION": f"{variant.width}x{variant.height}",
        "FRAME-RATE": str(variant.frame_rate.quantize(Decimal("0.001"))),
    }
    if variant.audio_group_id is not None:
        attributes["AUDIO"] = _quoted(variant.audio_group_id)
    return attributes


def _start_lines(start: Start | None) -> list[str]:
    if start is None:
        return []
    attributes = {"TIME-OFFSET": str(start.time_offset_s)}
    if start.is_precise:
        attributes["PRECISE"] = "YES"
    return ["#EXT-X-START:" + _write_attributes(attributes)]


def _write_attributes(attributes: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in attributes.items())


def _quoted(text: str) -> str:
    if any(character in text for character in '"\r\n'):
        raise PlaylistError(f"{text!r} cannot stand in a quoted string")
    return f'"{text}"'


def _line(uri: str) -> str:
    if not uri or uri.startswith("#") or any(character.isspace() for character in uri):
        raise PlaylistError(f"{uri!r} cannot stand on a line of its own")
    return uri


def parse_media(text: str) -> MediaPlaylist:
    """Parse a media playlist; raises PlaylistError."""
    tags: dict[str, str] = {}
    segments: list[MediaSegment] = []
    duration_s: Decimal | None = None
    for name, value in _lines(text):
        if name == "EXTINF":
            duration_s = _decimal(value.partition(",")[0])
        elif name == "":
            if duration_s is None:
                raise PlaylistError(f"{value!r} has no EXTINF")
            segments.append(MediaSegment(value, duration_s))
            duration_s = None
        else:
            tags[name] = value
    kind = tags.get("EXT-X-PLAYLIST-TYPE")
    if kind is not None and kind not in PlaylistType.__members__:
        raise PlaylistError(f"unknown playlist type {kind!r}")
    return MediaPlaylist(
        target_duration_s=_integer(_tag(tags, "EXT-X-TARGETDURATION")),
        map_uri=_attribute(_parse_attributes(_tag(tags, "EXT-X-MAP")), "URI"),
        segments=tuple(segments),
        media_sequence=_integer(tags.get("EXT-X-MEDIA-SEQUENCE", "0")),
        playlist_type=PlaylistType(kind) if kind is not None else None,
        has_ended="EXT-X-ENDLIST" in tags,
        start=_parse_start(tags),
        version=_integer(tags.get("EXT-X-VERSION", "1")),
    )


def parse_multivariant(text: str) -> MultivariantPlaylist:
    """Parse a multivariant playlist; raises PlaylistError."""
    tags: dict[str, str] = {}
    audio: list[AudioRendition] = []
    variants: list[Variant] = []
    pending: dict[str, str] | None = None
    for name, value in _lines(text):
        if name == "EXT-X-MEDIA":
            attributes = _parse_attributes(value)
            if attributes.get("TYPE") == "AUDIO":
                audio.append(_parse_audio(attributes))
        elif name == "EXT-X-STREAM-INF":
            pending = _parse_attributes(value)
        elif name == "":
            if pending is None:
                raise PlaylistError(f"{value!r} has no EXT-X-STREAM-INF")
            variants.append(_parse_variant(value, pending))
            pending = None
        else:
            tags[name] = value
    version = _integer(tags.get("EXT-X-VERSION", "1"))
    return MultivariantPlaylist(tuple(variants), tuple(audio), _parse_start(tags), version)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield (tag, value), with an empty tag for a URI line; comments and blank lines are skipped."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != "#EXTM3U":
        raise PlaylistError("no #EXTM3U at the start")
    for line in lines[1:]:
        stripped = line.strip()
        if stripped.startswith("#EXT"):
            name, _, value = stripped[1:].partition(":")
            yield name, value
        elif stripped and not stripped.startswith("#"):
            yield "", stripped


def _parse_attributes(text: str) -> dict[str, str]:
    """Parse an attribute list (4.2); quotes are removed."""
    attributes: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        if match is None or match[1] in attributes:
            raise PlaylistError(f"bad attribute list {text!r}")
        attributes[match[1]] = match[2].strip('"')
        position = match.end()
    return attributes


def _parse_start(tags: Mapping[str, str]) -> Start | None:
    if "EXT-X-START" not in tags:
        return None
    attributes = _parse_attributes(tags["EXT-X-START"])
    return Start(_decimal(_attribute(attributes, "TIME-OFFSET")), attributes.get("PRECISE") == "YES")


def _parse_audio(attributes: Mapping[str, str]) -> AudioRendition:
    channels = attributes.get("CHANNELS")
    return AudioRendition(
        group_id=_attribute(attributes, "GROUP-ID"),
        name=_attribute(attributes, "NAME"),
        uri=_attribute(attributes, "URI"),
        language=attributes.get("LANGUAGE"),
        channels=_integer(channels.partition("/")[0]) if channels is not None else None,
        is_default=attributes.get("DEFAULT") == "YES",
    )


def _parse_variant(uri: str, attributes: Mapping[str, str]) -> Variant:
    width, _, height = _attribute(attributes, "RESOLUTION").partition("x")
    bandwidth = _attribute(attributes, "BANDWIDTH")
    return Variant(
        uri=uri,
        bandwidth_bps=_integer(bandwidth),
        average_bandwidth_bps=_integer(attributes.get("AVERAGE-BANDWIDTH", bandwidth)),
        codecs=tuple(_attribute(attributes, "CODECS").split(",")),
        width=_integer(width),
        height=_integer(height),
        frame_rate=_decimal(_attribute(attributes, "FRAME-RATE")),
        audio_group_id=attributes.get("AUDIO"),
    )


def _tag(tags: Mapping[str, str], name: str) -> str:
    if name not in tags:
        raise PlaylistError(f"no {name}")
    return tags[name]


def _attribute(attributes: Mapping[str, str], name: str) -> str:
    if name not in attributes:
        raise PlaylistError(f"no attribute {name}")
    return attributes[name]


def _integer(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise PlaylistError(f"{text!r} is no decimal integer")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise PlaylistError(f"{text!r} is no number") from error
    if not value.is_finite():
        raise PlaylistError(f"{text!r} is no number")
    return value
