"""Check a DASH manifest and whether its segments are what it says."""

from collections.abc import Sequence
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
from millrace.media.validate.mpd import (
    Piece,
    Track,
    base_of,
    content_of,
    filled,
    pieces_of,
    read_root,
    tracks_of,
)
from millrace.media.validate.reader import Reader, Unreadable, resolve

__all__ = ["check_dash"]

# A segment may be this much beside its place in the timeline: rounding of a timescale to another.
TIME_TOLERANCE_S: Final = Fraction(1, 100)
# Players take the last frames of the sound or leave them.
DURATION_TOLERANCE_S: Final = Fraction(1, 2)


def check_dash(location: str, reader: Reader, found: Findings, segments_max: int | None) -> None:
    """Check a manifest and the first `segments_max` segments of each representation."""
    try:
        data = reader.read(location)
    except Unreadable as error:
        found.add(rules.UNREADABLE, location, f"{error}.")
        return
    root = read_root(location, data, found)
    if root is None:
        return
    try:
        _Manifest(location, root, reader, found, segments_max).check()
    except (ManifestError, KeyError, ValueError, ArithmeticError) as error:
        found.add(rules.DASH_VALUE, location, f"{error}.")


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
        base = base_of(self._root, self._location)
        periods = self._root.findall(tag("Period"))
        if not periods:
            self._found.add(rules.DASH_EMPTY, self._location, "There is no Period.")
        lengths_s = [self._check_period(period, base_of(period, base)) for period in periods]
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
        sounds = [each for each in sets if content_of(each) == "audio"]
        if len(sounds) > 1 and not any(_has_role(each, "main") for each in sounds):
            self._found.add(rules.DASH_ROLE, self._location, "None of several sounds has the role main.")
        lengths_s = [self._check_set(each, base_of(each, base)) for each in sets]
        return max((length for length in lengths_s if length is not None), default=None)

    def _check_set(self, element: ET.Element, base: str) -> Fraction | None:
        tracks = tracks_of(element, base)
        if not tracks:
            self._found.add(rules.DASH_EMPTY, self._location, "An AdaptationSet has no Representation.")
        content = content_of(element)
        if content in ("audio", "text") and element.get("lang") is None:
            self._found.add(rules.DASH_LANGUAGE, self._location, f"A set of {content} has no lang.")
        starts: set[tuple[Fraction, ...]] = set()
        lengths_s: list[Fraction] = []
        for track in tracks:
            self._check_attributes(track)
            pieces = self._pieces(track)
            if pieces:
                timescale = track.timescale
                starts.add(tuple(Fraction(piece.start, timescale) for piece in pieces))
                lengths_s.append(Fraction(sum(piece.duration for piece in pieces), timescale))
                self._check_segments(track, pieces, timescale)
        if content == "video" and len(starts) > 1 and not self._is_live:
            self._found.add(rules.CMAF_ALIGNED, self._location, "The pictures' segments begin at other times.")
        return max(lengths_s, default=None)

    def _check_attributes(self, track: Track) -> None:
        wanted = ["id", "bandwidth", "mimeType"]
        if track.content in ("video", "audio"):
            wanted.append("codecs")
        for name in wanted:
            if name not in track.attributes:
                self._found.add(rules.DASH_ATTRIBUTE, self._location, f"Representation {track.id} has no {name}.")
        if track.content == "audio" and not track.tells_channels:
            message = f"Representation {track.id} has no AudioChannelConfiguration."
            self._found.add(rules.DASH_CHANNELS, self._location, message)

    def _pieces(self, track: Track) -> Sequence[Piece]:
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
        pieces = pieces_of(track, self._root)
        for before, after in pairwise(pieces):
            if before.start + before.duration != after.start:
                message = f"Representation {track.id}: {after.start} follows {before.start} + {before.duration}."
                self._found.add(rules.DASH_TIMELINE, self._location, message)
        return pieces

    def _check_whole_file(self, track: Track) -> None:
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

    def _read(self, place: str) -> bytes | None:
        try:
            return self._reader.read(place)
        except Unreadable as error:
            self._found.add(rules.UNREADABLE, self._location, f"{place}: {error}.")
            return None

    def _check_segments(self, track: Track, pieces: Sequence[Piece], timescale: int) -> None:
        template = track.template or {}
        if "initialization" not in template:
            self._found.add(rules.DASH_ADDRESSING, self._location, f"Representation {track.id} has no initialization.")
            return
        place = resolve(track.base, filled(template["initialization"], track, 0, 0))
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

    def _check_init(self, track: Track, init: InitFacts) -> None:
        named = track.attributes.get("codecs", "")
        if named and init.codec and init.codec.lower() not in named.lower().split(","):
            message = f"Representation {track.id} is {init.codec}, codecs says {named}."
            self._found.add(rules.DASH_CODECS, self._location, message)
        size = (track.attributes.get("width"), track.attributes.get("height"))
        if init.width and None not in size and size != (str(init.width), str(init.height)):
            message = f"Representation {track.id} is {init.width}x{init.height}, the manifest says {size[0]}x{size[1]}."
            self._found.add(rules.DASH_SIZE, self._location, message)

    def _segment(self, piece: Piece, init: InitFacts) -> SegmentFacts | None:
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

    def _check_times(self, piece: Piece, facts: SegmentFacts, timescale: int, init: InitFacts) -> None:
        start_s, end_s = facts.seconds(init)
        stated_s = Fraction(piece.start, timescale), Fraction(piece.start + piece.duration, timescale)
        # The last segment may be shorter than one duration for all promises.
        if abs(start_s - stated_s[0]) > TIME_TOLERANCE_S or end_s - stated_s[1] > TIME_TOLERANCE_S:
            message = (
                f"The segment plays from {float(start_s):.3f} s to {float(end_s):.3f} s, the manifest says "
                f"from {float(stated_s[0]):.3f} s to {float(stated_s[1]):.3f} s."
            )
            self._found.add(rules.DASH_TIME, piece.uri, message)

    def _check_bandwidth(self, track: Track, sizes: Sequence[tuple[Fraction, int]]) -> None:
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


def _has_role(element: ET.Element, value: str) -> bool:
    return any(role.get("value") == value for role in element.iterfind(tag("Role")))
