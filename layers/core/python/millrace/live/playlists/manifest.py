"""DASH manifests over complete segments, of a stream that grows and of its recording.

Segments are timed by timelines, so they can be fetched as soon as S3 has them, and no earlier: DASH's low latency wants
the growing segment in one chunked response, which S3 does not give. So players are some two segments behind.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from millrace.live.edge.model import Period, Segment, Shown, Track, TrackKind
from millrace.live.places import LivePlace, init_name, segment_name
from millrace.live.playlists.timeline import seconds
from millrace.media import dash

# Two segments: the one that is being made, and one to play meanwhile.
DELAY_SEGMENTS = 2
UNKNOWN_LANGUAGE = "und"
# Where a track's files lie: in front of the names of init segments and segments.
Folder = Callable[[str], str]


def growing(shown: Shown, segments: Sequence[Segment], at: datetime, clock_url: str) -> dash.Manifest | None:
    """Return the manifest of a stream as it is now, or as it was when it ended; None before its first segment."""
    segments = [segment for segment in segments if not segment.is_hole]
    if not segments:
        return None
    place = LivePlace(shown.head.home, shown.head.video_id, shown.head.session_id)

    def folder(track: str) -> str:
        return f"/{place.prefix}{track}/"

    if shown.head.has_ended:
        return _static(_groups(shown, segments), folder, None)
    groups = _groups(shown, segments)
    began = segments[0].program_date_time
    # By the clock, with holes where the publisher was gone: the time of a segment never changes.
    periods = tuple(
        dash.Period(
            _sets(period, found, folder, None),
            id=str(period.number),
            start_s=_seconds(found[0].program_date_time - began),
        )
        for period, found in groups
    )
    target_s = Decimal(shown.head.segment_target_s)
    live = dash.Live(
        availability_start=began,
        publish_time=at,
        minimum_update_period_s=target_s,
        suggested_presentation_delay_s=DELAY_SEGMENTS * target_s,
        max_segment_duration_s=max(_duration_s(period, segment) for period, found in groups for segment in found),
        clock=dash.ClockSource(clock_url, dash.CLOCK_ISO),
        latency=dash.Latency(target_ms=int(DELAY_SEGMENTS * target_s * 1000), max_playback_rate=Decimal("1.05")),
    )
    return dash.Manifest(None, target_s, periods, live)


def recording(shown: Shown, segments: Sequence[Segment], tracks: Collection[str], to_tracks: str = "") -> dash.Manifest:
    """Return the manifest of a recording that offers these tracks, with names relative to its folder."""
    return _static(_groups(shown, segments), lambda track: f"{to_tracks}{track}/", tracks)


def _static(
    groups: list[tuple[Period, list[Segment]]], folder: Folder, tracks: Collection[str] | None
) -> dash.Manifest:
    """Return a manifest whose periods follow each other without holes."""
    periods: list[dash.Period] = []
    start_s = Decimal(0)
    for period, found in groups:
        begin_s, end_s = _span_s(period, found, tracks)
        sets = _sets(period, found, folder, tracks)
        periods.append(dash.Period(sets, id=str(period.number), start_s=start_s, duration_s=end_s - begin_s))
        start_s += end_s - begin_s
    longest_s = max(_duration_s(period, segment) for period, found in groups for segment in found)
    return dash.Manifest(start_s, longest_s, tuple(periods))


def _span_s(period: Period, segments: list[Segment], tracks: Collection[str] | None = None) -> tuple[Decimal, Decimal]:
    """Return when the first of a period's tracks begins and the last one ends, on the clock that they share."""
    whole = _whole(period, segments, tracks)
    begins = [seconds(segments[0].tracks[track.name].decode_time, track.timescale) for track in whole]
    ends = [
        seconds(last.decode_time + last.duration, track.timescale)
        for track in whole
        for last in [segments[-1].tracks[track.name]]
    ]
    return min(begins, default=Decimal(0)), max(ends, default=Decimal(0))


def _whole(period: Period, segments: list[Segment], tracks: Collection[str] | None) -> list[Track]:
    """Return the tracks that are in every segment: of one that comes or goes, DASH would want a period more."""
    return [
        track
        for track in period.tracks
        if (tracks is None or track.name in tracks) and all(track.name in segment.tracks for segment in segments)
    ]


def _groups(shown: Shown, segments: Sequence[Segment]) -> list[tuple[Period, list[Segment]]]:
    periods = {period.number: period for period in shown.periods}
    # Holes lie before the first segment of a period.
    whole = (segment for segment in segments if not segment.is_hole)
    return [(periods[number], list(found)) for number, found in groupby(whole, key=lambda segment: segment.period)]


def _seconds(duration: timedelta) -> Decimal:
    return Decimal(duration // timedelta(microseconds=1)) / 1_000_000


def _duration_s(period: Period, segment: Segment) -> Decimal:
    scales = {track.name: track.timescale for track in period.tracks}
    return max(seconds(track.duration, scales[name]) for name, track in segment.tracks.items() if name in scales)


def _sets(
    period: Period, segments: list[Segment], folder: Folder, tracks: Collection[str] | None
) -> tuple[dash.AdaptationSet, ...]:
    begin_s = _span_s(period, segments, tracks)[0]
    made = [
        (track.kind, _representation(track, segments, folder(track.name), begin_s))
        for track in _whole(period, segments, tracks)
    ]
    pictures = tuple(each for kind, each in made if kind is TrackKind.VIDEO)
    sounds = tuple(each for kind, each in made if kind is TrackKind.AUDIO)
    sets = [dash.AdaptationSet(0, "video", pictures)] if pictures else []
    return (*sets, *([dash.AdaptationSet(1, "audio", sounds, UNKNOWN_LANGUAGE)] if sounds else []))


def _representation(track: Track, segments: list[Segment], folder: str, begin_s: Decimal) -> dash.Representation:
    period = segments[0].period
    rows = [segment.tracks[track.name] for segment in segments]
    return dash.Representation(
        id=track.name,
        codecs=track.codec,
        bandwidth_bps=track.bandwidth_bps,
        timescale=track.timescale,
        timeline=dash.runs((row.decode_time, row.duration) for row in rows),
        start_number=segments[0].number,
        width=track.width,
        height=track.height,
        frame_rate=track.frame_rate,
        sampling_rate_hz=track.sample_rate_hz,
        channels=track.channels,
        # The same moment in all tracks, or sound and picture would drift apart by what they begin apart.
        presentation_time_offset=round(begin_s * track.timescale),
        initialization=folder + init_name(period),
        # The name of a segment with its number left open.
        media=folder + segment_name(period, 0).replace("_00000.", "_$Number%05d$."),
    )
