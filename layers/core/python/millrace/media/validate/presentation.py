"""Check an HLS presentation: all playlists, their segments, and whether they agree."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from millrace.media.hls import PlaylistType
from millrace.media.package.tracks import Rates, rates_of
from millrace.media.validate import rules
from millrace.media.validate.findings import Findings
from millrace.media.validate.media import TrackFacts, check_media
from millrace.media.validate.multivariant import Entry, Offer, check_multivariant
from millrace.media.validate.reader import Reader, Unreadable, resolve
from millrace.media.validate.text import Playlist, read_lines

__all__ = ["check_hls"]

TOLERANCE: Final = Fraction(1, 10)
START_TOLERANCE_S: Final = Fraction(1, 2)
# Rates are compared in microseconds: EXTINF has no more.
_TICKS: Final = 1_000_000
FRAME_RATE_TOLERANCE: Final = Decimal("0.01")


def check_hls(location: str, reader: Reader, found: Findings, segments_max: int | None) -> None:
    """Check what a playlist leads to."""
    playlist = _load(location, reader, found)
    if playlist is None:
        return
    if playlist.is_multivariant:
        _Presentation(playlist, reader, found, segments_max).check()
    else:
        check_media(playlist, reader, found, segments_max)


def _load(location: str, reader: Reader, found: Findings) -> Playlist | None:
    try:
        data = reader.read(location)
    except Unreadable as error:
        found.add(rules.UNREADABLE, location, f"{error}.")
        return None
    return read_lines(location, data, found)


class _Presentation:
    """Hold what the playlists of a presentation turned out to be, by the URI that names them."""

    def __init__(self, main: Playlist, reader: Reader, found: Findings, segments_max: int | None) -> None:
        self._main = main
        self._reader = reader
        self._found = found
        self._segments_max = segments_max
        self._tracks: dict[str, TrackFacts | None] = {}

    def check(self) -> None:
        """Check everything."""
        offer = check_multivariant(self._main, self._found)
        entries = [*offer.variants, *offer.renditions, *offer.iframes]
        for entry in entries:
            if entry.uri is not None and entry.uri not in self._tracks:
                self._tracks[entry.uri] = self._track(entry.uri)
        for variant in offer.variants:
            self._check_variant(variant, offer)
        for iframes in offer.iframes:
            self._check_iframes(iframes)
        self._check_targets()
        self._check_alignment(offer)
        self._check_independence()
        self._check_reports(offer)

    def _track(self, uri: str) -> TrackFacts | None:
        location = resolve(self._main.location, uri)
        playlist = _load(location, self._reader, self._found)
        return check_media(playlist, self._reader, self._found, self._segments_max) if playlist else None

    def _of(self, entries: Iterable[Entry]) -> list[TrackFacts]:
        """Return what is known of the tracks of entries, each once."""
        found = {entry.uri: self._tracks.get(entry.uri) for entry in entries if entry.uri is not None}
        return [track for track in found.values() if track is not None]

    def _check_variant(self, variant: Entry, offer: Offer) -> None:
        audio = self._of(offer.group("AUDIO", variant.attributes.get("AUDIO", "")))
        (picture,) = self._of([variant]) or (None,)
        if picture is None:
            return
        self._check_codecs(variant, [picture, *audio])
        self._check_picture(variant, picture)
        if audio:
            self._check_start(variant, picture, audio[0])
        measured = _rates(picture)
        sounds = [_rates(track) for track in audio]
        if measured and all(sounds):
            dearest = max((each for each in sounds if each), key=lambda each: each.peak_bps, default=Rates(0, 0))
            total = Rates(measured.peak_bps + dearest.peak_bps, measured.average_bps + dearest.average_bps)
            self._check_rates(variant, total, is_vod=picture.playlist.has_ended)

    def _check_iframes(self, iframes: Entry) -> None:
        for track in self._of([iframes]):
            if not track.playlist.is_iframes_only:
                message = "This is named as a key frame playlist, but there is no EXT-X-I-FRAMES-ONLY."
                self._found.add(rules.HLS_IFRAME_RANGE, track.location, message)
            self._check_codecs(iframes, [track])
            self._check_picture(iframes, track)
            measured = _rates(track)
            if measured:
                self._check_rates(iframes, measured, is_vod=track.playlist.has_ended)

    def _check_codecs(self, entry: Entry, tracks: list[TrackFacts]) -> None:
        named = {codec.lower() for codec in entry.codecs}
        for track in tracks:
            codec = track.init.codec if track.init else None
            if named and codec and codec.lower() not in named:
                message = f"{entry.uri}: {track.location} is {codec}, CODECS says {', '.join(entry.codecs)}."
                self._found.add(rules.HLS_CODECS, self._main.location, message, line=entry.line)

    def _check_picture(self, entry: Entry, track: TrackFacts) -> None:
        init = track.init
        size = entry.attributes.get("RESOLUTION")
        if size and init and init.width and size != f"{init.width}x{init.height}":
            message = f"{entry.uri} is {init.width}x{init.height}, RESOLUTION says {size}."
            self._found.add(rules.HLS_RESOLUTION, self._main.location, message, line=entry.line)
        stated = _number(entry.attributes.get("FRAME-RATE"))
        read = [facts for facts in track.segments if facts]
        if stated and init and init.is_video and read:
            frames, ticks = sum(facts.sample_count for facts in read), sum(facts.duration for facts in read)
            measured = Decimal(frames) * init.defaults.timescale / ticks
            if abs(measured - stated) > stated * FRAME_RATE_TOLERANCE:
                message = f"{entry.uri} has {measured:.3f} pictures a second, FRAME-RATE says {stated}."
                self._found.add(rules.HLS_FRAME_RATE, self._main.location, message, line=entry.line)

    def _check_start(self, variant: Entry, picture: TrackFacts, sound: TrackFacts) -> None:
        if picture.playlist.media_sequence != sound.playlist.media_sequence:
            # A live stream went on between the reading of one and the other.
            return
        starts = [_start_s(track) for track in (picture, sound)]
        if starts[0] is not None and starts[1] is not None and abs(starts[0] - starts[1]) > START_TOLERANCE_S:
            message = f"{variant.uri} begins at {float(starts[0]):.3f} s, its sound at {float(starts[1]):.3f} s."
            self._found.add(rules.CMAF_START, self._main.location, message, line=variant.line)

    def _check_rates(self, entry: Entry, measured: Rates, *, is_vod: bool) -> None:
        peak, average = _number(entry.attributes.get("BANDWIDTH")), _number(entry.attributes.get("AVERAGE-BANDWIDTH"))
        place = self._main.location
        if peak and measured.peak_bps > Fraction(peak) * (1 + TOLERANCE):
            message = f"{entry.uri} peaks at {measured.peak_bps} bit/s, BANDWIDTH says {peak}."
            self._found.add(rules.HLS_BANDWIDTH, place, message, line=entry.line)
        if not is_vod:
            return
        if peak and measured.peak_bps < Fraction(peak) * (1 - TOLERANCE):
            message = f"{entry.uri} peaks at {measured.peak_bps} bit/s, BANDWIDTH says {peak}."
            self._found.add(rules.HLS_BANDWIDTH_LOOSE, place, message, line=entry.line)
        if average and abs(measured.average_bps - average) > Fraction(average) * TOLERANCE:
            message = f"{entry.uri} has {measured.average_bps} bit/s, AVERAGE-BANDWIDTH says {average}."
            self._found.add(rules.HLS_AVERAGE, place, message, line=entry.line)

    def _check_targets(self) -> None:
        tracks = [track for track in self._tracks.values() if track]
        # Key frames and captions of VOD may have targets of their own (6.2.4).
        main = [track for track in tracks if not _is_exempt(track)]
        targets = {track.playlist.target_duration_s for track in main}
        if len(targets) > 1:
            message = f"The target durations are {', '.join(map(str, sorted(targets)))}."
            self._found.add(rules.HLS_TARGETS, self._main.location, message)
        if len({track.playlist.has_ended for track in main}) > 1:
            self._found.add(rules.HLS_TYPES, self._main.location, "Some playlists have ended, others have not.")

    def _check_alignment(self, offer: Offer) -> None:
        """Compare the pictures of all variants: a player switches at their boundaries."""
        pictures = [track for track in self._of(offer.variants) if track.init and track.init.is_video]
        starts = {tuple(_seconds(track)) for track in pictures if all(track.segments) and track.playlist.has_ended}
        if len(starts) > 1:
            self._found.add(rules.CMAF_ALIGNED, self._main.location, "The variants' segments begin at other times.")
        breaks = {
            tuple(position for position, each in enumerate(track.playlist.segments) if each.is_discontinuity)
            for track in [*pictures, *self._of(offer.renditions)]
            if track.playlist.has_ended and not _is_exempt(track) and track.init
        }
        if len(breaks) > 1:
            message = "The discontinuities of the playlists are not at the same segments."
            self._found.add(rules.HLS_DISCONTINUITIES, self._main.location, message)

    def _check_independence(self) -> None:
        if self._main.has("EXT-X-INDEPENDENT-SEGMENTS"):
            return
        if not all(track is None or track.playlist.has_independent_segments for track in self._tracks.values()):
            self._found.add(rules.HLS_INDEPENDENT, self._main.location, "There is no EXT-X-INDEPENDENT-SEGMENTS.")

    def _check_reports(self, offer: Offer) -> None:
        """Require of each low-latency playlist a report on every other one."""
        tracks = [
            track
            for track in self._of([*offer.variants, *offer.renditions])
            if track.playlist.part_target_s is not None and not track.playlist.has_ended
        ]
        for track in tracks:
            reported = {resolve(track.location, report.uri) for report in track.playlist.rendition_reports}
            missing = [other.location for other in tracks if other is not track and other.location not in reported]
            if missing:
                self._found.add(rules.LL_REPORTS, track.location, f"There is no report on {missing[0]}.")


def _is_exempt(track: TrackFacts) -> bool:
    is_vod = track.playlist.playlist_type is PlaylistType.VOD
    return is_vod and (track.playlist.is_iframes_only or _is_text(track))


def _is_text(track: TrackFacts) -> bool:
    return all(".vtt" in segment.uri or ".webvtt" in segment.uri for segment in track.playlist.segments)


def _rates(track: TrackFacts) -> Rates | None:
    """Measure a track whose every segment was read."""
    if not track.is_measured:
        return None
    pieces = [
        (int(segment.duration_s * _TICKS), size or 0)
        for segment, size in zip(track.playlist.segments, track.sizes, strict=True)
    ]
    return rates_of(_TICKS, pieces) if all(ticks > 0 for ticks, _ in pieces) else None


def _start_s(track: TrackFacts) -> Fraction | None:
    facts = track.segments[0] if track.segments else None
    return facts.seconds(track.init)[0] if facts and track.init else None


def _seconds(track: TrackFacts) -> list[Fraction]:
    assert track.init
    return [facts.seconds(track.init)[0] for facts in track.segments if facts]


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
