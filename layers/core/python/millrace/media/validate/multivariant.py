"""Check a multivariant playlist by itself: variants, groups, attributes."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from millrace.media.hls import PlaylistError
from millrace.media.hls.lines import Line, parse_attributes
from millrace.media.validate import rules
from millrace.media.validate.findings import Findings
from millrace.media.validate.text import Playlist

__all__ = ["Entry", "Offer", "check_multivariant"]

VIDEO_CODECS: Final = ("avc", "hvc", "hev", "dvh", "av01", "vp0", "vp8", "vp9", "mp4v")


@dataclass(frozen=True, slots=True)
class Entry:
    """A variant, a rendition or a key frame variant: its attributes, where its playlist is, its line."""

    attributes: dict[str, str]
    uri: str | None
    line: int

    @property
    def codecs(self) -> tuple[str, ...]:
        """Return the codecs it names."""
        return tuple(codec.strip() for codec in self.attributes.get("CODECS", "").split(",") if codec.strip())

    @property
    def has_picture(self) -> bool:
        """Return whether it says, by codec or size, that there is a picture."""
        return "RESOLUTION" in self.attributes or any(codec.startswith(VIDEO_CODECS) for codec in self.codecs)


@dataclass(frozen=True, slots=True)
class Offer:
    """All that a multivariant playlist offers."""

    variants: tuple[Entry, ...]
    renditions: tuple[Entry, ...]
    iframes: tuple[Entry, ...]

    def group(self, kind: str, group_id: str) -> list[Entry]:
        """Return the renditions of a group."""
        return [
            entry
            for entry in self.renditions
            if (entry.attributes.get("TYPE"), entry.attributes.get("GROUP-ID")) == (kind, group_id)
        ]


def check_multivariant(playlist: Playlist, found: Findings) -> Offer:
    """Check the offers of a playlist and return them."""
    offer = _read(playlist, found)
    location = playlist.location
    if not offer.variants:
        found.add(rules.HLS_NO_VARIANTS, location, "There is no EXT-X-STREAM-INF.")
    for variant in offer.variants:
        _check_variant(location, variant, found)
        _check_groups(location, variant, offer, found)
    for iframes in offer.iframes:
        _require(location, iframes, ("BANDWIDTH", "URI"), "EXT-X-I-FRAME-STREAM-INF", found)
    for rendition in offer.renditions:
        _check_rendition(location, rendition, found)
    _check_group_members(location, offer, found)
    if any(variant.has_picture for variant in offer.variants) and not offer.iframes:
        found.add(rules.HLS_IFRAMES_MISSING, location, "There is no EXT-X-I-FRAME-STREAM-INF.")
    return offer


def _read(playlist: Playlist, found: Findings) -> Offer:
    variants: list[Entry] = []
    renditions: list[Entry] = []
    iframes: list[Entry] = []
    waiting: Line | None = None
    for line in playlist.lines:
        if waiting is not None and line.tag:
            found.add(rules.HLS_URI_LINE, playlist.location, "No URI follows EXT-X-STREAM-INF.", line=waiting.number)
            waiting = None
        if line.tag == "EXT-X-STREAM-INF":
            waiting = line
        elif line.tag == "EXT-X-MEDIA":
            attributes = _attributes(line)
            renditions.append(Entry(attributes, attributes.get("URI"), line.number))
        elif line.tag == "EXT-X-I-FRAME-STREAM-INF":
            attributes = _attributes(line)
            iframes.append(Entry(attributes, attributes.get("URI"), line.number))
        elif line.tag == "":
            if waiting is None:
                found.add(rules.HLS_URI_LINE, playlist.location, f"{line.value} follows no tag.", line=line.number)
            else:
                variants.append(Entry(_attributes(waiting), line.value, waiting.number))
            waiting = None
    if waiting is not None:
        found.add(rules.HLS_URI_LINE, playlist.location, "No URI follows EXT-X-STREAM-INF.", line=waiting.number)
    return Offer(tuple(variants), tuple(renditions), tuple(iframes))


def _attributes(line: Line) -> dict[str, str]:
    try:
        return parse_attributes(line.value)
    except PlaylistError:
        # Its form was found wanting already.
        return {}


def _require(location: str, entry: Entry, names: tuple[str, ...], tag: str, found: Findings) -> None:
    for name in names:
        if name not in entry.attributes:
            found.add(rules.HLS_ATTRIBUTE_MISSING, location, f"{tag} has no {name}.", line=entry.line)


def _check_variant(location: str, variant: Entry, found: Findings) -> None:
    _require(location, variant, ("BANDWIDTH",), "EXT-X-STREAM-INF", found)
    wanted = [("CODECS", rules.HLS_CODECS_MISSING), ("AVERAGE-BANDWIDTH", rules.HLS_AVERAGE_MISSING)]
    if variant.has_picture:
        wanted += [("RESOLUTION", rules.HLS_RESOLUTION_MISSING), ("FRAME-RATE", rules.HLS_FRAME_RATE_MISSING)]
    for name, rule in wanted:
        if name not in variant.attributes:
            found.add(rule, location, f"{variant.uri} has no {name}.", line=variant.line)


def _check_groups(location: str, variant: Entry, offer: Offer, found: Findings) -> None:
    for kind in ("AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"):
        group_id = variant.attributes.get(kind)
        if group_id is None or (kind == "CLOSED-CAPTIONS" and group_id == "NONE"):
            continue
        if not offer.group(kind, group_id):
            message = f"{variant.uri} names the {kind} group {group_id!r}, which is not there."
            found.add(rules.HLS_GROUP, location, message, line=variant.line)


def _check_rendition(location: str, rendition: Entry, found: Findings) -> None:
    attributes = rendition.attributes
    _require(location, rendition, ("TYPE", "GROUP-ID", "NAME"), "EXT-X-MEDIA", found)
    if attributes.get("TYPE") == "SUBTITLES":
        _require(location, rendition, ("URI",), "EXT-X-MEDIA of subtitles", found)
    if attributes.get("TYPE") == "CLOSED-CAPTIONS":
        _require(location, rendition, ("INSTREAM-ID",), "EXT-X-MEDIA of closed captions", found)
    if attributes.get("DEFAULT") == "YES" and attributes.get("AUTOSELECT", "YES") != "YES":
        message = f"{attributes.get('NAME')} is the default, but not to be selected automatically."
        found.add(rules.HLS_AUTOSELECT, location, message, line=rendition.line)


def _check_group_members(location: str, offer: Offer, found: Findings) -> None:
    groups: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for rendition in offer.renditions:
        groups[rendition.attributes.get("TYPE", ""), rendition.attributes.get("GROUP-ID", "")].append(rendition)
    for (kind, group_id), members in groups.items():
        name = f"the {kind} group {group_id!r}"
        names = [member.attributes.get("NAME") for member in members]
        if len(set(names)) < len(names):
            found.add(rules.HLS_GROUP_NAMES, location, f"Two renditions of {name} have one name.")
        if sum(member.attributes.get("DEFAULT") == "YES" for member in members) > 1:
            found.add(rules.HLS_GROUP_DEFAULTS, location, f"{name} has more than one default.")
        automatic = [member for member in members if member.attributes.get("AUTOSELECT") == "YES"]
        kinds = [tuple(member.attributes.get(each) for each in _DISTINGUISHING) for member in automatic]
        if len(set(kinds)) < len(kinds):
            found.add(rules.HLS_GROUP_LANGUAGES, location, f"Two renditions of {name} cannot be told apart.")


_DISTINGUISHING: Final = ("LANGUAGE", "ASSOC-LANGUAGE", "FORCED", "CHARACTERISTICS", "CHANNELS")
