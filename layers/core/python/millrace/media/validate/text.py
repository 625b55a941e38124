"""The lines of playlists, looked at one by one: form, order, versions."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from millrace.media.hls import PlaylistError
from millrace.media.hls.lines import (
    Line,
    decimal,
    integer,
    lines,
    parse_attributes,
    parse_date,
    parse_range,
)
from millrace.media.validate import rules
from millrace.media.validate.findings import Findings

__all__ = ["Playlist", "read_lines"]

_ONCE: Final = frozenset(
    {
        "EXT-X-VERSION",
        "EXT-X-TARGETDURATION",
        "EXT-X-MEDIA-SEQUENCE",
        "EXT-X-DISCONTINUITY-SEQUENCE",
        "EXT-X-PLAYLIST-TYPE",
        "EXT-X-PART-INF",
        "EXT-X-SERVER-CONTROL",
        "EXT-X-SKIP",
        "EXT-X-START",
        "EXT-X-ENDLIST",
        "EXT-X-INDEPENDENT-SEGMENTS",
        "EXT-X-I-FRAMES-ONLY",
    }
)
_MULTIVARIANT: Final = frozenset(
    {
        "EXT-X-MEDIA",
        "EXT-X-STREAM-INF",
        "EXT-X-I-FRAME-STREAM-INF",
        "EXT-X-SESSION-DATA",
        "EXT-X-SESSION-KEY",
        "EXT-X-CONTENT-STEERING",
    }
)
_MEDIA: Final = frozenset(
    {
        "EXTINF",
        "EXT-X-TARGETDURATION",
        "EXT-X-MEDIA-SEQUENCE",
        "EXT-X-DISCONTINUITY-SEQUENCE",
        "EXT-X-ENDLIST",
        "EXT-X-PLAYLIST-TYPE",
        "EXT-X-I-FRAMES-ONLY",
        "EXT-X-PART-INF",
        "EXT-X-SERVER-CONTROL",
        "EXT-X-BYTERANGE",
        "EXT-X-DISCONTINUITY",
        "EXT-X-KEY",
        "EXT-X-MAP",
        "EXT-X-PROGRAM-DATE-TIME",
        "EXT-X-GAP",
        "EXT-X-BITRATE",
        "EXT-X-PART",
        "EXT-X-DATERANGE",
        "EXT-X-SKIP",
        "EXT-X-PRELOAD-HINT",
        "EXT-X-RENDITION-REPORT",
    }
)
_BOTH: Final = frozenset({"EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START", "EXT-X-DEFINE"})
_ATTRIBUTES: Final = _MULTIVARIANT | {
    "EXT-X-PART-INF",
    "EXT-X-SERVER-CONTROL",
    "EXT-X-KEY",
    "EXT-X-MAP",
    "EXT-X-PART",
    "EXT-X-DATERANGE",
    "EXT-X-SKIP",
    "EXT-X-PRELOAD-HINT",
    "EXT-X-RENDITION-REPORT",
    "EXT-X-START",
    "EXT-X-DEFINE",
}
_VALUES: Final[dict[str, Callable[[str], object]]] = {
    "EXT-X-VERSION": integer,
    "EXT-X-TARGETDURATION": integer,
    "EXT-X-MEDIA-SEQUENCE": integer,
    "EXT-X-DISCONTINUITY-SEQUENCE": integer,
    "EXT-X-PROGRAM-DATE-TIME": parse_date,
    "EXT-X-BYTERANGE": lambda text: parse_range(text, implied_offset=0),
    "EXTINF": lambda text: decimal(text.partition(",")[0]),
}
# The least version that a tag needs (clause 8).
_VERSIONS: Final = {
    "EXT-X-BYTERANGE": 4,
    "EXT-X-I-FRAMES-ONLY": 4,
    "EXT-X-SKIP": 9,
    "EXT-X-DEFINE": 8,
}


@dataclass(frozen=True, slots=True)
class Playlist:
    """Hold the lines of a playlist."""

    location: str
    text: str
    lines: tuple[Line, ...]

    @property
    def is_multivariant(self) -> bool:
        """Return whether it offers variants."""
        return any(line.tag in _MULTIVARIANT for line in self.lines)

    def has(self, tag: str) -> bool:
        """Return whether a tag is there."""
        return any(line.tag == tag for line in self.lines)


def read_lines(location: str, data: bytes, found: Findings) -> Playlist | None:
    """Read the lines of a playlist and check each of them; None where it is none."""
    if data.startswith(b"\xef\xbb\xbf"):
        found.add(rules.HLS_TEXT, location, "The file begins with a byte order mark; remove it.", line=1)
    try:
        text = data.decode("utf-8-sig")
        playlist = Playlist(location, text, tuple(lines(text)))
    except (UnicodeDecodeError, PlaylistError) as error:
        found.add(rules.HLS_TEXT, location, f"This is no playlist: {error}.", line=1)
        return None
    _check_tags(playlist, found)
    for line in playlist.lines:
        _check_value(location, line, found)
    if not playlist.is_multivariant:
        _check_order(playlist, found)
    _check_version(playlist, found)
    return playlist


def _check_tags(playlist: Playlist, found: Findings) -> None:
    counts = Counter(line.tag for line in playlist.lines)
    for line in playlist.lines:
        if line.tag in _ONCE and counts[line.tag] > 1:
            found.add(rules.HLS_REPEATED, playlist.location, f"{line.tag} stands here again.", line=line.number)
        if line.tag and line.tag not in _MEDIA | _MULTIVARIANT | _BOTH:
            found.add(rules.HLS_UNKNOWN, playlist.location, f"{line.tag} is not known.", line=line.number)
    if counts.keys() & _MULTIVARIANT and counts.keys() & _MEDIA:
        media = sorted(counts.keys() & _MEDIA)
        found.add(rules.HLS_MIXED, playlist.location, f"Beside variants there is {media[0]} of media playlists.")


def _check_value(location: str, line: Line, found: Findings) -> None:
    try:
        if line.tag in _ATTRIBUTES:
            parse_attributes(line.value)
        elif line.tag in _VALUES:
            _VALUES[line.tag](line.value)
    except PlaylistError as error:
        found.add(rules.HLS_SYNTAX, location, f"{line.tag}: {error}.", line=line.number)


def _check_order(playlist: Playlist, found: Findings) -> None:
    seen: set[str] = set()
    for line in playlist.lines:
        late = (line.tag == "EXT-X-MEDIA-SEQUENCE" and "" in seen) or (
            line.tag == "EXT-X-DISCONTINUITY-SEQUENCE" and seen & {"", "EXT-X-DISCONTINUITY"}
        )
        if late:
            found.add(rules.HLS_ORDER, playlist.location, f"{line.tag} comes too late.", line=line.number)
        seen.add(line.tag)


def _check_version(playlist: Playlist, found: Findings) -> None:
    """Compare the version with what the tags need."""
    stated = next((line.value for line in playlist.lines if line.tag == "EXT-X-VERSION"), "1")
    if not stated.isdigit():
        return
    for line in playlist.lines:
        needed = _needed_version(playlist, line)
        if needed > int(stated):
            message = f"{line.tag} needs version {needed}, the playlist says {stated}."
            found.add(rules.HLS_VERSION, playlist.location, message, line=line.number)
            return


def _needed_version(playlist: Playlist, line: Line) -> int:
    if line.tag == "EXT-X-MAP":
        return 5 if playlist.has("EXT-X-I-FRAMES-ONLY") else 6
    if line.tag == "EXTINF" and Decimal(0) != _fraction(line.value):
        return 3
    return _VERSIONS.get(line.tag, 1)


def _fraction(value: str) -> Decimal:
    try:
        return decimal(value.partition(",")[0]) % 1
    except PlaylistError:
        return Decimal(0)
