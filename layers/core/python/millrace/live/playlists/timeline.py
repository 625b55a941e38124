"""One track of a session as a list of segments: the long past, and the edge with its parts.

Past and edge overlap: a segment stays at the edge for a while after it was named in all tracks. What neither has is a
gap: the track could not keep up, and its neighbours tell how long it is. A number that no track has is a hole: an
encoder died before anything came of it, and no time passes there.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from millrace.live.edge.model import Edge, EdgeSegment, Part, Period, Segment, Shown, Track

MICROSECOND = Decimal("0.000001")
# Of a hole; no segment of a playlist may last for no time at all.
HOLE_S = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Row:
    """A segment of one track; times in seconds."""

    number: int
    period: int
    program_date_time: datetime
    duration_s: Decimal
    decode_time: int
    duration: int
    size_bytes: int
    key_frame_size_bytes: int | None
    parts: tuple[Part, ...] = ()
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """A track's segments, and the one that is open; without parts there is none."""

    rows: tuple[Row, ...]
    open: Row | None


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns ticks of any track into seconds, and into the time of day.

    The ingest has one clock for all tracks of a period. A segment's date is that of its picture: sound is cut
    elsewhere, by up to a part, and is dated by its own first tick.
    """

    scales: Mapping[tuple[int, str], int]
    zeros: Mapping[int, datetime]
    """When tick zero of a period was."""

    def seconds(self, period: int, track: str, ticks: int) -> Decimal:
        """Return ticks as seconds."""
        return seconds(ticks, self.scales.get((period, track), 1))

    def date(self, period: int, track: str, ticks: int, otherwise: datetime) -> datetime:
        """Return when a tick was, to the millisecond; `otherwise` where nothing is known of the period."""
        zero, scale = self.zeros.get(period), self.scales.get((period, track))
        return zero + timedelta(milliseconds=round(1000 * ticks / scale)) if zero and scale else otherwise


def clock_of(shown: Shown, segments: Sequence[Segment]) -> Clock:
    """Return the clock of a session; a period begins with its first segment, named or at the edge."""
    scales = {(period.number, track.name): track.timescale for period in shown.periods for track in period.tracks}
    zeros: dict[int, datetime] = {}
    for period in shown.periods:
        first = _first_of(period.number, segments) or _first_at_edge(period.number, shown)
        for name in (track.name for track in period.tracks):
            if first and name in first[1]:
                ticks, scale = first[1][name], scales[period.number, name]
                zeros[period.number] = first[0] - timedelta(milliseconds=round(1000 * ticks / scale))
                break
    return Clock(scales, zeros)


def _first_of(period: int, segments: Sequence[Segment]) -> tuple[datetime, dict[str, int]] | None:
    place = bisect_left(segments, period, key=lambda segment: segment.period)
    while place < len(segments) and segments[place].is_hole:
        place += 1
    if place == len(segments) or segments[place].period != period:
        return None
    first = segments[place]
    return first.program_date_time, {name: track.decode_time for name, track in first.tracks.items()}


def _first_at_edge(period: int, shown: Shown) -> tuple[datetime, dict[str, int]] | None:
    found = [
        (segment.number, segment.program_date_time, edge.track, segment.decode_time)
        for edge in shown.edges.values()
        for segment in edge.tail
        if segment.period == period
    ]
    if not found:
        return None
    number, date = min(found)[:2]
    return date, {track: decode_time for first, _, track, decode_time in found if first == number}


def track_of(periods: Sequence[Period], name: str) -> Track | None:
    """Return the track as its latest period has it."""
    for period in reversed(periods):
        for track in period.tracks:
            if track.name == name:
                return track
    return None


def past(name: str, segments: Sequence[Segment], clock: Clock) -> list[Row]:
    """Return a track's rows of segments that were named."""
    return [_named(name, segment, clock) for segment in segments]


def _named(name: str, segment: Segment, clock: Clock) -> Row:
    if segment.is_hole:
        return Row(segment.number, segment.period, segment.program_date_time, HOLE_S, 0, 0, 0, None, is_gap=True)
    track = segment.tracks.get(name)
    # Whatever track there is tells how long the gap is: they are aligned.
    source, measured = (name, track) if track else next(iter(segment.tracks.items()))
    return Row(
        number=segment.number,
        period=segment.period,
        program_date_time=clock.date(segment.period, source, measured.decode_time, segment.program_date_time),
        duration_s=clock.seconds(segment.period, source, measured.duration),
        decode_time=measured.decode_time,
        duration=measured.duration,
        size_bytes=measured.size_bytes if track else 0,
        key_frame_size_bytes=measured.key_frame_size_bytes if track else None,
        is_gap=track is None,
    )


def joined(rows: Sequence[Row], edge: Edge | None, clock: Clock) -> Timeline:
    """Put the edge behind the past; what both have is the edge's, with its parts.

    The two are not read in the same moment: what is open at the edge is open, though the past may know better by now.
    """
    if edge is None:
        return Timeline(tuple(rows), None)
    at_edge = {segment.number: _shown(edge.track, segment, clock) for segment in edge.tail}
    last = edge.tail[-1] if edge.tail else None
    open_row = at_edge.pop(last.number) if last and not last.is_complete else None
    if open_row is not None:
        rows = rows[: bisect_left(rows, open_row.number, key=lambda row: row.number)]
    first = min(at_edge, default=0)
    before = [row for row in rows if not at_edge or row.number < first]
    between = [row for row in rows if at_edge and row.number > first and row.number not in at_edge]
    whole = sorted([*between, *at_edge.values()], key=lambda row: row.number)
    has_parts = open_row is not None and bool(open_row.parts)
    return Timeline((*before, *whole), open_row if has_parts else None)


def _shown(track: str, segment: EdgeSegment, clock: Clock) -> Row:
    return Row(
        number=segment.number,
        period=segment.period,
        program_date_time=clock.date(segment.period, track, segment.decode_time, segment.program_date_time),
        duration_s=clock.seconds(segment.period, track, segment.duration),
        decode_time=segment.decode_time,
        duration=segment.duration,
        size_bytes=segment.size_bytes,
        key_frame_size_bytes=segment.key_frame_size_bytes,
        parts=segment.parts,
    )


def seconds(ticks: int, scale: int) -> Decimal:
    """Return ticks as seconds."""
    return (Decimal(ticks) / scale).quantize(MICROSECOND)
