"""Check a media playlist and what its segments hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from millrace.media.boxes import Malformed
from millrace.media.hls import InitSegment, MediaPlaylist, MediaSegment, PlaylistError, PlaylistType, parse_media
from millrace.media.validate import rules
from millrace.media.validate.captions import check_captions
from millrace.media.validate.cmaf import (
    InitFacts,
    SegmentFacts,
    SeveralTracks,
    inspect_init,
    inspect_keyframe,
    inspect_segment,
)
from millrace.media.validate.findings import Findings
from millrace.media.validate.low_latency import check_low_latency
from millrace.media.validate.reader import Reader, Unreadable, resolve
from millrace.media.validate.text import Playlist

__all__ = ["TrackFacts", "check_media"]

_FMP4_SUFFIXES: Final = (".m4s", ".mp4", ".m4v", ".m4a", ".cmfv", ".cmfa")
_VTT_SUFFIXES: Final = (".vtt", ".webvtt")
# How far EXTINF may lie beside the truth: above what rounding and a frame's drift explain.
DURATION_TOLERANCE_S: Final = Fraction(1, 10)
DATE_TOLERANCE: Final = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """What a media playlist and the segments that were read say; `sizes` are bytes, in the playlist's order."""

    location: str
    playlist: MediaPlaylist
    init: InitFacts | None
    segments: tuple[SegmentFacts | None, ...]
    sizes: tuple[int | None, ...]

    @property
    def is_measured(self) -> bool:
        """Return whether every segment was read."""
        return bool(self.sizes) and all(size is not None for size in self.sizes)


def check_media(playlist: Playlist, reader: Reader, found: Findings, segments_max: int | None) -> TrackFacts | None:
    """Check a media playlist and its first `segments_max` segments; None where it cannot be read."""
    location = playlist.location
    if not playlist.has("EXT-X-TARGETDURATION"):
        found.add(rules.HLS_TARGET_MISSING, location, "There is no EXT-X-TARGETDURATION.")
    try:
        value = parse_media(playlist.text)
    except PlaylistError as error:
        found.add(rules.HLS_SYNTAX, location, f"{error}.")
        return None
    _check_playlist(location, value, found)
    _check_dates(location, value, found)
    check_low_latency(location, value, found)
    if playlist.has("EXT-X-KEY"):
        found.add(rules.NOT_INSPECTED, location, "The segments are encrypted.")
        return TrackFacts(location, value, None, (), ())
    return _Inspection(location, value, reader, found).run(segments_max)


def _check_playlist(location: str, playlist: MediaPlaylist, found: Findings) -> None:
    for segment in playlist.segments:
        if segment.duration_s.quantize(Decimal(1), ROUND_HALF_UP) > playlist.target_duration_s:
            message = f"{segment.uri} lasts {segment.duration_s} s, the target is {playlist.target_duration_s} s."
            found.add(rules.HLS_TARGET_EXCEEDED, location, message)
        if segment.init is None and _path(segment.uri).endswith(_FMP4_SUFFIXES) and not playlist.skipped_segments:
            found.add(rules.HLS_MAP_MISSING, location, f"{segment.uri} has no EXT-X-MAP before it.")
        if playlist.is_iframes_only and segment.byte_range is None:
            found.add(rules.HLS_IFRAME_RANGE, location, f"{segment.uri} stands here without a byte range.")
    if playlist.playlist_type is PlaylistType.VOD and not playlist.has_ended:
        found.add(rules.HLS_VOD_OPEN, location, "The type is VOD, but there is no EXT-X-ENDLIST.")
    if playlist.has_ended and not playlist.segments:
        found.add(rules.HLS_EMPTY, location, "There are no segments.")
    seen: set[tuple[str, int]] = set()
    for segment in playlist.segments:
        key = (segment.uri, segment.byte_range.offset if segment.byte_range else -1)
        if key in seen:
            found.add(rules.HLS_SEGMENT_TWICE, location, f"{segment.uri} is listed again.")
        seen.add(key)


def _path(uri: str) -> str:
    return uri.partition("?")[0].lower()


def _check_dates(location: str, playlist: MediaPlaylist, found: Findings) -> None:
    expected = None
    for segment in playlist.segments:
        date = segment.program_date_time
        if date is not None:
            if expected is not None and not segment.is_discontinuity and abs(date - expected) > DATE_TOLERANCE:
                message = f"{segment.uri} is dated {date.isoformat()}, expected {expected.isoformat()}."
                found.add(rules.HLS_DATES, location, message)
            expected = date
        elif segment.is_discontinuity:
            expected = None
        if expected is not None:
            expected += timedelta(seconds=float(segment.duration_s))


class _Inspection:
    """Read the segments of a playlist."""

    def __init__(self, location: str, playlist: MediaPlaylist, reader: Reader, found: Findings) -> None:
        self._location = location
        self._playlist = playlist
        self._reader = reader
        self._found = found
        self._inits: dict[InitSegment, InitFacts | None] = {}

    def run(self, segments_max: int | None) -> TrackFacts:
        """Read as many segments as wanted, from the beginning."""
        wanted = self._playlist.segments[:segments_max]
        read = [self._segment(segment) for segment in wanted]
        facts = [each for each, _ in read]
        self._check_sequence(list(zip(wanted, facts, strict=True)))
        rest = len(self._playlist.segments) - len(wanted)
        first_init = next((segment.init for segment in wanted if segment.init), None)
        return TrackFacts(
            self._location,
            self._playlist,
            self._init(first_init) if first_init else None,
            (*facts, *[None] * rest),
            (*(size for _, size in read), *[None] * rest),
        )

    def _read(self, segment: MediaSegment | InitSegment) -> bytes | None:
        place = resolve(self._location, segment.uri)
        try:
            return self._reader.read(place, segment.byte_range)
        except Unreadable as error:
            self._found.add(rules.UNREADABLE, self._location, f"{segment.uri}: {error}.")
            return None

    def _init(self, init: InitSegment) -> InitFacts | None:
        if init not in self._inits:
            self._inits[init] = self._inspected_init(init)
        return self._inits[init]

    def _inspected_init(self, init: InitSegment) -> InitFacts | None:
        place = resolve(self._location, init.uri)
        data = self._read(init)
        if data is None:
            return None
        try:
            facts = inspect_init(data)
        except Malformed as error:
            rule = rules.CMAF_TRACKS if isinstance(error, SeveralTracks) else rules.CMAF_INIT
            self._found.add(rule, place, f"{error}.")
            return None
        if not facts.is_branded:
            self._found.add(rules.CMAF_BRAND, place, "There is no CMAF brand in ftyp.")
        if facts.skipped_ticks:
            self._found.add(rules.CMAF_EDITS, place, "An edit list moves the media.")
        return facts

    def _segment(self, segment: MediaSegment) -> tuple[SegmentFacts | None, int | None]:
        """Return what a segment says, and its size."""
        if segment.is_gap:
            return None, 0
        data = self._read(segment)
        if data is None:
            return None, None
        place = resolve(self._location, segment.uri)
        if _path(segment.uri).endswith(_VTT_SUFFIXES):
            check_captions(place, data, self._found)
            return None, len(data)
        init = self._init(segment.init) if segment.init else None
        if init is None:
            if segment.init is None:
                self._found.add(rules.NOT_INSPECTED, self._location, f"{segment.uri} is no CMAF.")
            return None, len(data)
        try:
            return self._inspected(segment, data, init), len(data)
        except Malformed as error:
            rule = rules.HLS_IFRAME_RANGE if self._playlist.is_iframes_only else rules.CMAF_SEGMENT
            self._found.add(rule, place, f"{error}.")
            return None, len(data)

    def _inspected(self, segment: MediaSegment, data: bytes, init: InitFacts) -> SegmentFacts | None:
        place = resolve(self._location, segment.uri)
        if self._playlist.is_iframes_only:
            if not inspect_keyframe(data, init):
                self._found.add(rules.HLS_IFRAME_RANGE, place, f"Bytes {segment.byte_range} are no whole key frame.")
            return None
        facts = inspect_segment(data, init)
        if init.is_video and not facts.begins_with_key_frame:
            self._found.add(rules.CMAF_KEY_FRAME, place, "The first picture is no key frame.")
        duration_s = Fraction(facts.duration, init.defaults.timescale)
        if abs(duration_s - Fraction(segment.duration_s)) > DURATION_TOLERANCE_S:
            message = f"The media lasts {float(duration_s):.3f} s, EXTINF says {segment.duration_s} s."
            self._found.add(rules.HLS_DURATION, place, message)
        return facts

    def _check_sequence(self, read: list[tuple[MediaSegment, SegmentFacts | None]]) -> None:
        """Require that media goes on where it ended, but for discontinuities."""
        for (before, earlier), (after, later) in self._neighbours(read):
            place = resolve(self._location, after.uri)
            if before.init != after.init and not after.is_discontinuity:
                self._found.add(rules.HLS_DISCONTINUITY_MISSING, place, "The init segment is another one.")
            elif not after.is_discontinuity and later.decode_time != earlier.end:
                message = f"The segment begins at {later.decode_time}, the one before it ended at {earlier.end}."
                self._found.add(rules.CMAF_HOLE, place, message)
            if not after.is_discontinuity and later.sequence_numbers[0] <= earlier.sequence_numbers[-1]:
                self._found.add(rules.CMAF_SEQUENCE, place, "The sequence number does not grow.")

    def _neighbours(
        self, read: list[tuple[MediaSegment, SegmentFacts | None]]
    ) -> Iterator[tuple[tuple[MediaSegment, SegmentFacts], tuple[MediaSegment, SegmentFacts]]]:
        for (before, earlier), (after, later) in pairwise(read):
            if earlier is not None and later is not None:
                yield (before, earlier), (after, later)
