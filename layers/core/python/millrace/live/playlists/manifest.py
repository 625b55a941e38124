"""DASH manifests over complete segments, of a stream that grows and of its recording.

Segments are timed by timelines, so they can be fetched as soon as S3 has them, and no earlier: DASH's low latency wants
the growing segment in one chunked response, which S3 does not give. So players are some two segments behind.

A stream's periods are split where tracks come and go, and where a number is missing: in a period of DASH every track
has every segment.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

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

    groups = _groups(shown, segments, None)
    if shown.head.has_ended:
        return _static(groups, folder)
    began = segments[0].program_date_time
    target_s = Decimal(shown.head.segment_target_s)
    live = dash.Live(
        availability_start=began,
        publish_time=at,
        minimum_update_period_s=target_s,
        suggested_presentation_delay_s=DELAY_SEGMENTS * target_s,
        max_segment_duration_s=_longest_s(groups),
        clock=dash.ClockSource(clock_url, dash.CLOCK_ISO),
        latency=dash.Latency(target_ms=int(DELAY_SEGMENTS * target_s * 1000), max_playback_rate=Decimal("1.05")),
    )
    return dash.Manifest(None, target_s, _by_the_clock(groups, folder, began), live)


def recording(
    shown: Shown, segments: Sequence[Segment], tracks: AbstractSet[str], to_tracks: str = ""
) -> dash.Manifest:
    """Return the manifest of a recording that offers these tracks, with names relative to its folder."""
    return _static(_groups(shown, segments, tracks), lambda track: f"{to_tracks}{track}/")


@dataclass(frozen=True, slots=True)
class _Group:
    """Segments of one period, one number after the other, which all have the same tracks; never without any."""

    period: Period
    segments: tuple[Segment, ...]
    tracks: tuple[Track, ...]
    is_first: bool

    @property
    def id(self) -> str:
        """A name that stays the group's own while it grows."""
        return f"{self.period.number}" if self.is_first else f"{self.period.number}-{self.segments[0].number}"

    @property
    def begin_s(self) -> Decimal:
        """When the first of the tracks begins, on the clock that they share."""
        first = self.segments[0].tracks
        return min(seconds(first[track.name].decode_time, track.timescale) for track in self.tracks)

    @property
    def end_s(self) -> Decimal:
        """When the last of the tracks ends."""
        last = self.segments[-1].tracks
        return max(
            seconds(row.decode_time + row.duration, track.timescale)
            for track in self.tracks
            for row in [last[track.name]]
        )


def _groups(shown: Shown, segments: Sequence[Segment], tracks: AbstractSet[str] | None) -> list[_Group]:
    """Split segments into what can be a period each; `tracks` are all that are wanted, None for any."""
    periods = {period.number: period for period in shown.periods}
    runs: list[list[Segment]] = []
    names: list[AbstractSet[str]] = []
    for segment in segments:
        found = segment.tracks.keys() if tracks is None else segment.tracks.keys() & tracks
        if not found:
            continue
        before = runs[-1][-1] if runs else None
        is_next = before and (before.period, before.number + 1) == (segment.period, segment.number)
        if not is_next or found != names[-1]:
            runs.append([])
            names.append(found)
        runs[-1].append(segment)
    numbers = [run[0].period for run in runs]
    return [
        _Group(
            period=periods[number],
            segments=tuple(run),
            tracks=tuple(track for track in periods[number].tracks if track.name in found),
            is_first=number not in numbers[:place],
        )
        for place, (number, run, found) in enumerate(zip(numbers, runs, names, strict=True))
    ]


def _by_the_clock(groups: Sequence[_Group], folder: Folder, began: datetime) -> tuple[dash.Period, ...]:
    """Return the periods of a stream, with holes where the publisher was gone: the time of a segment never changes."""
    made = []
    start_s = zero_s = Decimal(0)
    for group in groups:
        if group.is_first:
            start_s, zero_s = _seconds(group.segments[0].program_date_time - began), group.begin_s
        made.append(dash.Period(_sets(group, folder), id=group.id, start_s=start_s + group.begin_s - zero_s))
    return tuple(made)


def _static(groups: Sequence[_Group], folder: Folder) -> dash.Manifest:
    """Return a manifest whose periods follow each other without holes."""
    periods: list[dash.Period] = []
    start_s = Decimal(0)
    following = [after if not after.is_first else None for _, after in pairwise(groups)]
    for group, after in zip(groups, [*following, None], strict=True):
        duration_s = (after.begin_s if after else group.end_s) - group.begin_s
        periods.append(dash.Period(_sets(group, folder), id=group.id, start_s=start_s, duration_s=duration_s))
        start_s += duration_s
    return dash.Manifest(start_s, _longest_s(groups), tuple(periods))


def _longest_s(groups: Sequence[_Group]) -> Decimal:
    return max(
        seconds(max(segment.tracks[track.name].duration for segment in group.segments), track.timescale)
        for group in groups
        for track in group.tracks
    )


def _seconds(duration: timedelta) -> Decimal:
    return Decimal(duration // timedelta(microseconds=1)) / 1_000_000


def _sets(group: _Group, folder: Folder) -> tuple[dash.AdaptationSet, ...]:
    made = [
        (track.kind, _representation(track, group.segments, folder(track.name), group.begin_s))
        for track in group.tracks
    ]
    pictures = tuple(each for kind, each in made if kind is TrackKind.VIDEO)
    sounds = tuple(each for kind, each in made if kind is TrackKind.AUDIO)
    sets = [dash.AdaptationSet(0, "video", pictures)] if pictures else []
    return (*sets, *([dash.AdaptationSet(1, "audio", sounds, UNKNOWN_LANGUAGE)] if sounds else []))


def _representation(track: Track, segments: Sequence[Segment], folder: str, begin_s: Decimal) -> dash.Representation:
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
