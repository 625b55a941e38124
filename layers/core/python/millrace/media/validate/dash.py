"""Check a DASH manifest and whether its segments are what it says."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree as ET

from millrace.media.boxes import Malformed
from millrace.media.dash import ManifestError
from millrace.media.dash.schema import parse_date, parse_duration, tag
from millrace.media.validate import rules
from millrace.media.validate.captions import check_captions
from millrace.media.validate.cmaf import InitFacts, SegmentFacts, SeveralTracks, inspect_init, inspect_segment
from millrace.media.validate.findings import Findings
from millrace.media.validate.reader import Reader, Unreadable, resolve

__all__ = ["check_dash"]

# A segment may be this much beside its place in the timeline: rounding of a timescale to another.
TIME_TOLERANCE_S: Final = Fraction(1, 100)
# Players take the last frames of the sound or leave them.
DURATION_TOLERANCE_S: Final = Fraction(1, 2)
MAX_SEGMENTS: Final = 200_000
_TEMPLATE: Final = re.compile(r"\$(RepresentationID|Number|Time|Bandwidth)?(?:%0([0-9]{1,2})d)?\$")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment as the manifest names it: times are ticks of its representation."""

    uri: str
    start: int
    duration: int


@dataclass(frozen=True, slots=True)
class _Track:
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


def check_dash(location: str, reader: Reader, found: Findings, segments_max: int | None) -> None:
    """Check a manifest and the first `segments_max` segments of each representation."""
    try:
        data = reader.read(location)
    except Unreadable as error:
        found.add(rules.UNREADABLE, location, f"{error}.")
        return
    root = _root(location, data, found)
    if root is None:
        return
    try:
        _Manifest(location, root, reader, found, segments_max).check()
    except (ManifestError, ValueError, ArithmeticError) as error:
        found.add(rules.DASH_VALUE, location, f"{error}.")


def _root(location: str, data: bytes, found: Findings) -> ET.Element | None:
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


class _Manifest:
    """Check one manifest."""

    def __init__(
        self, location: str, root: ET.Element, reader: Reader, found: Findings, segments_max: int | None
    ) -> None:
        self._location = location
        self._root = root
        self._reader = reader
        self._found = found
        self._segments_max = segments_max
        self._is_live = root.get("type", "static") == "dynamic"

    def check(self) -> None:
        """Check everything."""
        self._check_head()
        base = _base(self._root, self._location)
        periods = self._root.findall(tag("Period"))
        if not periods:
            self._found.add(rules.DASH_EMPTY, self._location, "There is no Period.")
        lengths_s = [self._check_period(period, _base(period, base)) for period in periods]
        total = self._root.get("mediaPresentationDuration")
        if total and not self._is_live and self._segments_max is None and all(lengths_s) and len(periods) == 1:
            stated_s, longest_s = parse_duration(total), lengths_s[0] or Fraction(0)
            if abs(Fraction(stated_s) - longest_s) > DURATION_TOLERANCE_S:
                message = f"mediaPresentationDuration is {stated_s} s, the longest track {float(longest_s):.3f} s."
                self._found.add(rules.DASH_DURATION, self._location, message)

    def _check_head(self) -> None:
        wanted = ["profiles", "minBufferTime"]
        if self._is_live:
            wanted += ["availabilityStartTime", "publishTime"]
            if self._root.find(tag("UTCTiming")) is None and not self._lists_segments():
                self._found.add(rules.DASH_CLOCK, self._location, "There is no UTCTiming.")
        elif all(period.get("duration") is None for period in self._root.iterfind(tag("Period"))):
            wanted.append("mediaPresentationDuration")
        for name in wanted:
            if self._root.get(name) is None:
                self._found.add(rules.DASH_ATTRIBUTE, self._location, f"MPD has no {name}.")
        for name in ("minBufferTime", "mediaPresentationDuration", "minimumUpdatePeriod", "timeShiftBufferDepth"):
            if self._root.get(name) is not None:
                parse_duration(self._root.attrib[name])
        for name in ("availabilityStartTime", "publishTime"):
            if self._root.get(name) is not None:
                parse_date(self._root.attrib[name])

    def _lists_segments(self) -> bool:
        """Return whether timelines say what there is, so that no clock is needed to know."""
        return next(self._root.iter(tag("SegmentTimeline")), None) is not None

    def _check_period(self, period: ET.Element, base: str) -> Fraction | None:
        """Check a period and return how long its longest track is."""
        sets = period.findall(tag("AdaptationSet"))
        if not sets:
            self._found.add(rules.DASH_EMPTY, self._location, "A Period has no AdaptationSet.")
        for elements in (sets, list(period.iter(tag("Representation")))):
            ids = [each.attrib["id"] for each in elements if "id" in each.attrib]
            if len(set(ids)) < len(ids):
                self._found.add(rules.DASH_ID, self._location, "Two elements of a Period have one id.")
        sounds = [each for each in sets if _content(each) == "audio"]
        if len(sounds) > 1 and not any(_has_role(each, "main") for each in sounds):
            self._found.add(rules.DASH_ROLE, self._location, "None of several sounds has the role main.")
        lengths_s = [self._check_set(each, _base(each, base)) for each in sets]
        return max((length for length in lengths_s if length is not None), default=None)

    def _check_set(self, element: ET.Element, base: str) -> Fraction | None:
        tracks = [_track(each, element, base) for each in element.iterfind(tag("Representation"))]
        if not tracks:
            self._found.add(rules.DASH_EMPTY, self._location, "An AdaptationSet has no Representation.")
        content = _content(element)
        if content in ("audio", "text") and element.get("lang") is None:
            self._found.add(rules.DASH_LANGUAGE, self._location, f"A set of {content} has no lang.")
        starts: set[tuple[Fraction, ...]] = set()
        lengths_s: list[Fraction] = []
        for track in tracks:
            self._check_attributes(track)
            pieces = self._pieces(track)
            if pieces:
                timescale = int((track.template or {}).get("timescale", "1"))
                starts.add(tuple(Fraction(piece.start, timescale) for piece in pieces))
                lengths_s.append(Fraction(sum(piece.duration for piece in pieces), timescale))
                self._check_segments(track, pieces, timescale)
        if content == "video" and len(starts) > 1 and not self._is_live:
            self._found.add(rules.CMAF_ALIGNED, self._location, "The pictures' segments begin at other times.")
        return max(lengths_s, default=None)

    def _check_attributes(self, track: _Track) -> None:
        wanted = ["id", "bandwidth", "mimeType"]
        if track.content in ("video", "audio"):
            wanted.append("codecs")
        for name in wanted:
            if name not in track.attributes:
                self._found.add(rules.DASH_ATTRIBUTE, self._location, f"Representation {track.id} has no {name}.")
        if track.content == "audio" and not track.tells_channels:
            message = f"Representation {track.id} has no AudioChannelConfiguration."
            self._found.add(rules.DASH_CHANNELS, self._location, message)

    def _pieces(self, track: _Track) -> Sequence[_Piece]:
        """Return the segments of a representation; whole files have none."""
        if track.template is None:
            self._check_whole_file(track)
            return ()
        if track.timeline is None and "duration" not in track.template:
            message = f"Representation {track.id} has neither SegmentTimeline nor duration."
            self._found.add(rules.DASH_ADDRESSING, self._location, message)
            return ()
        if track.timeline is None and self._is_live:
            # Which segments there are depends on the clock.
            return ()
        pieces = list(self._timed(track))
        for before, after in pairwise(pieces):
            if before.start + before.duration != after.start:
                message = f"Representation {track.id}: {after.start} follows {before.start} + {before.duration}."
                self._found.add(rules.DASH_TIMELINE, self._location, message)
        return pieces

    def _check_whole_file(self, track: _Track) -> None:
        has_own = track.element.find(tag("BaseURL")) is not None
        if not has_own:
            message = f"Representation {track.id} has no SegmentTemplate and no BaseURL."
            self._found.add(rules.DASH_ADDRESSING, self._location, message)
            return
        data = self._read(track.base)
        if data is not None and track.attributes.get("mimeType") == "text/vtt":
            check_captions(track.base, data, self._found, is_segment=False)
        elif data is not None:
            self._found.add(rules.NOT_INSPECTED, track.base, "One file holds the whole track.")

    def _timed(self, track: _Track) -> Iterator[_Piece]:
        template = track.template or {}
        number = int(template.get("startNumber", "1"))
        for position, (start, duration) in enumerate(self._times(track, template)):
            if position >= MAX_SEGMENTS:
                raise ManifestError(f"more than {MAX_SEGMENTS} segments")
            uri = _filled(template.get("media", ""), track, number + position, start)
            yield _Piece(resolve(track.base, uri), start, duration)

    def _times(self, track: _Track, template: dict[str, str]) -> Iterator[tuple[int, int]]:
        if track.timeline is None:
            duration = int(template["duration"])
            total_s = parse_duration(self._root.get("mediaPresentationDuration", "PT0S"))
            ticks = total_s * int(template.get("timescale", "1"))
            for number in range(min(MAX_SEGMENTS + 1, math.ceil(ticks / duration))):
                yield number * duration, duration
            return
        at = 0
        for run in track.timeline.iterfind(tag("S")):
            at = int(run.get("t", at))
            repeat = int(run.get("r", "0"))
            if repeat < 0:
                raise ManifestError("S with a negative r is not looked into")
            for _ in range(min(repeat, MAX_SEGMENTS) + 1):
                yield at, int(run.attrib["d"])
                at += int(run.attrib["d"])

    def _read(self, place: str) -> bytes | None:
        try:
            return self._reader.read(place)
        except Unreadable as error:
            self._found.add(rules.UNREADABLE, self._location, f"{place}: {error}.")
            return None

    def _check_segments(self, track: _Track, pieces: Sequence[_Piece], timescale: int) -> None:
        template = track.template or {}
        if "initialization" not in template:
            self._found.add(rules.DASH_ADDRESSING, self._location, f"Representation {track.id} has no initialization.")
            return
        place = resolve(track.base, _filled(template["initialization"], track, 0, 0))
        data = self._read(place)
        if data is None:
            return
        try:
            init = inspect_init(data)
        except Malformed as error:
            rule = rules.CMAF_TRACKS if isinstance(error, SeveralTracks) else rules.CMAF_INIT
            self._found.add(rule, place, f"{error}.")
            return
        self._check_init(track, init)
        sizes = []
        for piece in pieces[: self._segments_max]:
            facts = self._segment(piece, init)
            if facts is not None:
                self._check_times(piece, facts, timescale, init)
                sizes.append((Fraction(piece.duration, timescale), facts.size_bytes))
        self._check_bandwidth(track, sizes)

    def _check_init(self, track: _Track, init: InitFacts) -> None:
        named = track.attributes.get("codecs", "")
        if named and init.codec and init.codec.lower() not in named.lower().split(","):
            message = f"Representation {track.id} is {init.codec}, codecs says {named}."
            self._found.add(rules.DASH_CODECS, self._location, message)
        size = (track.attributes.get("width"), track.attributes.get("height"))
        if init.width and None not in size and size != (str(init.width), str(init.height)):
            message = f"Representation {track.id} is {init.width}x{init.height}, the manifest says {size[0]}x{size[1]}."
            self._found.add(rules.DASH_SIZE, self._location, message)

    def _segment(self, piece: _Piece, init: InitFacts) -> SegmentFacts | None:
        data = self._read(piece.uri)
        if data is None:
            return None
        try:
            facts = inspect_segment(data, init)
        except Malformed as error:
            self._found.add(rules.CMAF_SEGMENT, piece.uri, f"{error}.")
            return None
        if init.is_video and not facts.begins_with_key_frame:
            self._found.add(rules.CMAF_KEY_FRAME, piece.uri, "The first picture is no key frame.")
        return facts

    def _check_times(self, piece: _Piece, facts: SegmentFacts, timescale: int, init: InitFacts) -> None:
        start_s, end_s = facts.seconds(init)
        stated_s = Fraction(piece.start, timescale), Fraction(piece.start + piece.duration, timescale)
        # The last segment may be shorter than one duration for all promises.
        if abs(start_s - stated_s[0]) > TIME_TOLERANCE_S or end_s - stated_s[1] > TIME_TOLERANCE_S:
            message = (
                f"The segment plays from {float(start_s):.3f} s to {float(end_s):.3f} s, the manifest says "
                f"from {float(stated_s[0]):.3f} s to {float(stated_s[1]):.3f} s."
            )
            self._found.add(rules.DASH_TIME, piece.uri, message)

    def _check_bandwidth(self, track: _Track, sizes: Sequence[tuple[Fraction, int]]) -> None:
        """Play the track through a pipe of its bandwidth, with its buffer filled before (5.3.5.2)."""
        rate = int(track.attributes.get("bandwidth", "0"))
        if not rate:
            return
        buffer_s = Fraction(parse_duration(self._root.get("minBufferTime", "PT0S")) or Decimal(0))
        # The segment being fetched is not played before it is there.
        left_s = buffer_s + max((duration for duration, _ in sizes), default=Fraction(0))
        for duration_s, size_bytes in sizes:
            left_s -= Fraction(size_bytes * 8, rate)
            if left_s < 0:
                message = f"Representation {track.id} needs more than {rate} bit/s."
                self._found.add(rules.DASH_BANDWIDTH, self._location, message)
                return
            left_s = left_s + duration_s


def _base(element: ET.Element, base: str) -> str:
    own = element.findtext(tag("BaseURL"))
    return resolve(base, own.strip()) if own else base


def _content(element: ET.Element) -> str:
    """Return video, audio, text or image."""
    representation = element.find(tag("Representation"))
    mime = element.get("mimeType") or (representation.get("mimeType") if representation is not None else None) or ""
    main = mime.partition("/")[0]
    return element.get("contentType") or ("text" if main == "application" else main)


def _has_role(element: ET.Element, value: str) -> bool:
    return any(role.get("value") == value for role in element.iterfind(tag("Role")))


def _track(element: ET.Element, parent: ET.Element, base: str) -> _Track:
    templates = [
        each for each in (parent.find(tag("SegmentTemplate")), element.find(tag("SegmentTemplate"))) if each is not None
    ]
    template: dict[str, str] | None = None
    timeline = None
    for each in templates:
        template = {**(template or {}), **each.attrib}
        own = each.find(tag("SegmentTimeline"))
        timeline = own if own is not None else timeline
    attributes = {**parent.attrib, **element.attrib}
    tells_channels = any(each.find(tag("AudioChannelConfiguration")) is not None for each in (parent, element))
    return _Track(element, attributes, _content(parent), _base(element, base), template, timeline, tells_channels)


def _filled(template: str, track: _Track, number: int, time: int) -> str:
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
