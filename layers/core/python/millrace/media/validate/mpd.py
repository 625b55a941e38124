"""Read any DASH manifest as far as its segments: with what elements inherit, by timeline, number and time."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final
from xml.etree import ElementTree as ET

from millrace.media.dash import ManifestError
from millrace.media.dash.schema import parse_duration, tag
from millrace.media.validate import rules
from millrace.media.validate.findings import Findings
from millrace.media.validate.reader import resolve

__all__ = ["Piece", "Track", "base_of", "content_of", "filled", "pieces_of", "read_root", "tracks_of"]

MAX_SEGMENTS: Final = 200_000
_TEMPLATE: Final = re.compile(r"\$(RepresentationID|Number|Time|Bandwidth)?(?:%0([0-9]{1,2})d)?\$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment as the manifest names it: times are ticks of its representation."""

    number: int
    uri: str
    start: int
    duration: int


@dataclass(frozen=True, slots=True)
class Track:
    """A representation with what it inherits."""

    element: ET.Element
    attributes: dict[str, str]
    content: str
    base: str
    template: dict[str, str] | None
    timeline: ET.Element | None
    tells_channels: bool

    @property
    def id(self) -> str:
        """Return its name."""
        return self.attributes.get("id", "?")

    @property
    def timescale(self) -> int:
        """Return its ticks a second."""
        return int((self.template or {}).get("timescale", "1"))


def read_root(location: str, data: bytes, found: Findings) -> ET.Element | None:
    """Return the root of a manifest; None where it is none."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        found.add(rules.DASH_XML, location, "Document types and entities have no place in a manifest.")
        return None
    try:
        root = ET.fromstring(data)  # noqa: S314 - without declarations there is nothing to expand
    except (ET.ParseError, ValueError, LookupError) as error:
        found.add(rules.DASH_XML, location, f"This is no XML: {error}.")
        return None
    if root.tag != tag("MPD"):
        found.add(rules.DASH_XML, location, f"The root is {root.tag}, not MPD of DASH.")
        return None
    return root


def base_of(element: ET.Element, base: str) -> str:
    """Return where URIs below an element lead from."""
    own = element.findtext(tag("BaseURL"))
    return resolve(base, own.strip()) if own else base


def content_of(adaptation_set: ET.Element) -> str:
    """Return video, audio, text or image."""
    representation = adaptation_set.find(tag("Representation"))
    inner = representation.get("mimeType") if representation is not None else None
    main = (adaptation_set.get("mimeType") or inner or "").partition("/")[0]
    return adaptation_set.get("contentType") or ("text" if main == "application" else main)


def tracks_of(adaptation_set: ET.Element, base: str) -> list[Track]:
    """Return the representations of a set."""
    return [_track(each, adaptation_set, base) for each in adaptation_set.iterfind(tag("Representation"))]


def _track(element: ET.Element, parent: ET.Element, base: str) -> Track:
    template: dict[str, str] | None = None
    timeline = None
    for each in (parent.find(tag("SegmentTemplate")), element.find(tag("SegmentTemplate"))):
        if each is not None:
            template = {**(template or {}), **each.attrib}
            own = each.find(tag("SegmentTimeline"))
            timeline = own if own is not None else timeline
    return Track(
        element=element,
        attributes={**parent.attrib, **element.attrib},
        content=content_of(parent),
        base=base_of(element, base),
        template=template,
        timeline=timeline,
        tells_channels=any(each.find(tag("AudioChannelConfiguration")) is not None for each in (parent, element)),
    )


def pieces_of(track: Track, root: ET.Element) -> list[Piece]:
    """Return the segments of a track with a template; raises ManifestError, ValueError or KeyError."""
    template = track.template or {}
    number = int(template.get("startNumber", "1"))
    total_ticks = math.ceil(parse_duration(root.get("mediaPresentationDuration", "PT0S")) * track.timescale)
    pieces = []
    for position, (start, duration) in enumerate(_times(track, total_ticks)):
        if position >= MAX_SEGMENTS:
            raise ManifestError(f"more than {MAX_SEGMENTS} segments")
        uri = filled(template.get("media", ""), track, number + position, start)
        pieces.append(Piece(number + position, resolve(track.base, uri), start, duration))
    return pieces


def _times(track: Track, total_ticks: int) -> Iterator[tuple[int, int]]:
    if track.timeline is None:
        duration = _positive((track.template or {})["duration"])
        for number in range(min(MAX_SEGMENTS + 1, math.ceil(total_ticks / duration))):
            yield number * duration, duration
        return
    runs = track.timeline.findall(tag("S"))
    at = 0
    for run, following in zip_longest(runs, runs[1:]):
        at = int(run.get("t", at))
        duration = _positive(run.attrib["d"])
        repeat = int(run.get("r", "0"))
        if repeat < 0:
            # Up to the next run, or to the end.
            until = int(following.get("t", at)) if following is not None else total_ticks
            repeat = max(0, math.ceil((until - at) / duration) - 1)
        for _ in range(min(repeat, MAX_SEGMENTS) + 1):
            yield at, duration
            at += duration


def _positive(text: str) -> int:
    if int(text) <= 0:
        raise ManifestError(f"{text!r} is no duration of a segment")
    return int(text)


def filled(template: str, track: Track, number: int, time: int) -> str:
    """Fill in a template (5.3.9.4.4)."""
    values = {
        "RepresentationID": track.id,
        "Number": number,
        "Time": time,
        "Bandwidth": int(track.attributes.get("bandwidth", "0")),
    }

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        value = values[match[1]]
        return f"{value:0{int(match[2])}d}" if match[2] and isinstance(value, int) else str(value)

    return _TEMPLATE.sub(fill, template)
