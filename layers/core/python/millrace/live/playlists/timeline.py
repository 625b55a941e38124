"""One track of a session as a list of segments: the long past, and the edge with its parts.

Past and edge overlap: a segment stays at the edge for a while after it was named in all tracks. What neither has is a
gap: the track could not keep up, and its neighbours tell how long it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from millrace.live.edge.model import Edge, EdgeSegment, Part, Period, Segment, Track

MICROSECOND = Decimal("0.000001")


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


def timescales(periods: Sequence[Period]) -> dict[tuple[int, str], int]:
    """Return each track's timescale, by period and name."""
    return {(period.number, track.name): track.timescale for period in periods for track in period.tracks}


def track_of(periods: Sequence[Period], name: str) -> Track | None:
    """Return the track as its latest period has it."""
    for period in reversed(periods):
        for track in period.tracks:
            if track.name == name:
                return track
    return None


def past(name: str, segments: Sequence[Segment], scales: dict[tuple[int, str], int]) -> list[Row]:
    """Return a track's rows of segments that were named."""
    return [_named(name, segment, scales) for segment in segments]


def _named(name: str, segment: Segment, scales: dict[tuple[int, str], int]) -> Row:
    track = segment.tracks.get(name)
    # Whatever track there is tells how long the gap is: they are aligned.
    source, measured = (name, track) if track else next(iter(segment.tracks.items()))
    scale = scales.get((segment.period, source), 1)
    return Row(
        number=segment.number,
        period=segment.period,
        program_date_time=segment.program_date_time,
        duration_s=seconds(measured.duration, scale),
        decode_time=measured.decode_time,
        duration=measured.duration,
        size_bytes=measured.size_bytes if track else 0,
        key_frame_size_bytes=measured.key_frame_size_bytes if track else None,
        is_gap=track is None,
    )


def joined(rows: Sequence[Row], edge: Edge | None, scales: dict[tuple[int, str], int]) -> Timeline:
    """Put the edge behind the past; what both have is the edge's, with its parts."""
    if edge is None:
        return Timeline(tuple(rows), None)
    at_edge = {segment.number: _shown(segment, scales.get((segment.period, edge.track), 1)) for segment in edge.tail}
    last = edge.tail[-1] if edge.tail else None
    open_row = at_edge.pop(last.number) if last and not last.is_complete else None
    first = min(at_edge, default=0)
    before = [row for row in rows if not at_edge or row.number < first]
    between = [row for row in rows if at_edge and row.number > first and row.number not in at_edge]
    whole = sorted([*between, *at_edge.values()], key=lambda row: row.number)
    has_parts = open_row is not None and bool(open_row.parts)
    return Timeline((*before, *whole), open_row if has_parts else None)


def _shown(segment: EdgeSegment, scale: int) -> Row:
    return Row(
        number=segment.number,
        period=segment.period,
        program_date_time=segment.program_date_time,
        duration_s=seconds(segment.duration, scale),
        decode_time=segment.decode_time,
        duration=segment.duration,
        size_bytes=segment.size_bytes,
        key_frame_size_bytes=segment.key_frame_size_bytes,
        parts=segment.parts,
    )


def seconds(ticks: int, scale: int) -> Decimal:
    """Return ticks as seconds."""
    return (Decimal(ticks) / scale).quantize(MICROSECOND)
