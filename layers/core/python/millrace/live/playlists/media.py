"""Media playlists of one track: low latency, plain, and of key frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from millrace.live.edge.model import Edge, Shown
from millrace.live.places import LivePlace
from millrace.live.playlists.timeline import Clock, Row, Timeline
from millrace.media import hls

# Players stay this far from the end, in part targets and in target durations.
PART_HOLD_BACKS = 3
HOLD_BACKS = 3
# A delta update leaves out what is further from the end, in target durations (RFC 8216bis 4.4.3.8).
SKIP_BOUNDARIES = 6
# What a player without low latency sees: a minute, and it need not be more to start anywhere sensible.
PLAIN_SEGMENTS = 30
# Twelve hours of two seconds; a longer stream can be rewound by twelve hours.
MAX_SEGMENTS = 21_600


@dataclass(frozen=True, slots=True)
class Stream:
    """A session's media as everything about one track's playlists needs it."""

    shown: Shown
    track: str
    clock: Clock
    timeline: Timeline

    @property
    def place(self) -> LivePlace:
        """Where its media lies."""
        return LivePlace(self.shown.head.home, self.shown.head.video_id, self.shown.head.session_id)

    @property
    def edge(self) -> Edge | None:
        """The edge of the track."""
        return self.shown.edges.get(self.track)


def low_latency(stream: Stream) -> hls.MediaPlaylist:
    """Return the whole playlist, from the stream's beginning to its newest part."""
    head = stream.shown.head
    timeline = _within(stream.timeline, MAX_SEGMENTS)
    target_s = target_duration_s(stream)
    if head.has_ended:
        return _playlist(stream, timeline.rows, target_s)
    part_target_s = _part_target_s(stream)
    # Parts are of use near the end only (4.4.4.9), and counted back from there.
    parts_for_s = Decimal(HOLD_BACKS * target_s)
    segments = _segments(stream, timeline, parts_for_s)
    return hls.MediaPlaylist(
        target_duration_s=target_s,
        segments=segments,
        media_sequence=_first_number(timeline, stream),
        discontinuity_sequence=_breaks_before(stream, timeline),
        part_target_s=part_target_s,
        server_control=hls.ServerControl(
            can_block_reload=True,
            part_hold_back_s=PART_HOLD_BACKS * part_target_s,
            hold_back_s=Decimal(HOLD_BACKS * target_s),
            can_skip_until_s=Decimal(SKIP_BOUNDARIES * target_s),
        ),
        open_segment=_open(stream, timeline),
        preload_hints=_hints(stream),
        rendition_reports=_reports(stream),
        version=hls.LOW_LATENCY_VERSION,
    )


def plain(stream: Stream) -> hls.MediaPlaylist:
    """Return a playlist for players that know nothing of low latency: the last minute, or all once it has ended."""
    ended = stream.shown.head.has_ended
    timeline = _within(stream.timeline, MAX_SEGMENTS if ended else PLAIN_SEGMENTS)
    return _playlist(stream, timeline.rows, target_duration_s(stream))


def key_frames(stream: Stream) -> hls.MediaPlaylist:
    """Return the playlist of key frames: the beginning of each segment."""
    timeline = _within(stream.timeline, MAX_SEGMENTS)
    rows = [row for row in timeline.rows if row.key_frame_size_bytes]
    segments = tuple(
        hls.MediaSegment(
            uri=_segment_uri(stream, row),
            duration_s=row.duration_s,
            init=_init(stream, row),
            byte_range=hls.ByteRange(row.key_frame_size_bytes or 0),
            is_discontinuity=_breaks(before, row),
            program_date_time=row.program_date_time,
        )
        for before, row in zip([None, *rows], rows, strict=False)
    )
    return hls.MediaPlaylist(
        target_duration_s=target_duration_s(stream),
        segments=segments,
        media_sequence=rows[0].number if rows else 1,
        discontinuity_sequence=_breaks_before(stream, timeline),
        has_ended=stream.shown.head.has_ended,
        is_iframes_only=True,
    )


def target_duration_s(stream: Stream) -> int:
    """Return the longest that a segment may be; one for all tracks, so that none surprises its players."""
    longest_s = max((row.duration_s for row in stream.timeline.rows), default=Decimal(0))
    return max(stream.shown.head.segment_target_s, int(longest_s.quantize(Decimal(1), ROUND_HALF_UP)))


def _playlist(stream: Stream, rows: Sequence[Row], target_s: int) -> hls.MediaPlaylist:
    timeline = Timeline(tuple(rows), None)
    return hls.MediaPlaylist(
        target_duration_s=target_s,
        segments=_segments(stream, timeline, Decimal(0)),
        media_sequence=_first_number(timeline, stream),
        discontinuity_sequence=_breaks_before(stream, timeline),
        has_ended=stream.shown.head.has_ended,
    )


def _within(timeline: Timeline, count: int) -> Timeline:
    return Timeline(timeline.rows[-count:], timeline.open)


def _first_number(timeline: Timeline, stream: Stream) -> int:
    if timeline.rows:
        return timeline.rows[0].number
    return timeline.open.number if timeline.open else stream.shown.head.last_segment + 1


def _breaks_before(stream: Stream, timeline: Timeline) -> int:
    """Count the discontinuities that the playlist no longer shows; its first segment has none, for it has no past.

    Of what is too long ago to be known, a period is counted as one.
    """
    every = stream.timeline.rows
    dropped = len(every) - len(timeline.rows)
    before = sum(1 for period in stream.shown.periods if every and period.number < every[0].period)
    return before + sum(
        1 for place in range(1, dropped + 1) if place < len(every) and _breaks(every[place - 1], every[place])
    )


def _breaks(before: Row | None, row: Row) -> bool:
    return before is not None and before.period != row.period


def _segments(stream: Stream, timeline: Timeline, parts_for_s: Decimal) -> tuple[hls.MediaSegment, ...]:
    """Return the rows as segments; those that begin nearer to the end than that show their parts."""
    made: list[hls.MediaSegment] = []
    left_s = sum((part.duration_s for part in _parts(stream, timeline.open)), Decimal(0)) if parts_for_s else Decimal(0)
    rows = timeline.rows
    for place in range(len(rows) - 1, -1, -1):
        row, before = rows[place], rows[place - 1] if place else None
        left_s += row.duration_s
        made.append(
            hls.MediaSegment(
                uri=_segment_uri(stream, row),
                duration_s=row.duration_s,
                init=_init(stream, row),
                is_discontinuity=_breaks(before, row),
                # The times of a gap are those of another track: this one may have ended earlier.
                program_date_time=None if row.is_gap else row.program_date_time,
                is_gap=row.is_gap,
                parts=_parts(stream, row) if left_s <= parts_for_s else (),
            )
        )
    return tuple(reversed(made))


def _open(stream: Stream, timeline: Timeline) -> hls.OpenSegment | None:
    row = timeline.open
    if row is None:
        return None
    return hls.OpenSegment(
        parts=_parts(stream, row),
        init=_init(stream, row),
        is_discontinuity=_breaks(timeline.rows[-1] if timeline.rows else None, row),
        program_date_time=row.program_date_time,
    )


def _parts(stream: Stream, row: Row | None) -> tuple[hls.Part, ...]:
    """Return a row's parts; one that is longer, because pictures are missing in it, is told to be as long as promised.

    The segment's own duration is exact, and players go by it once it is complete.
    """
    if row is None:
        return ()
    longest_s = _part_target_s(stream)
    return tuple(
        hls.Part(
            uri="/" + stream.place.part_key(stream.track, part.number),
            duration_s=min(stream.clock.seconds(row.period, stream.track, part.duration), longest_s),
            is_independent=part.is_independent,
        )
        for part in row.parts
    )


def _part_target_s(stream: Stream) -> Decimal:
    """Return the promised longest part, which may not change while players read it (RFC 8216bis 6.2.1)."""
    return Decimal(stream.shown.head.part_target_ms) / 1000


def _hints(stream: Stream) -> tuple[hls.PreloadHint, ...]:
    if stream.edge is None:
        return ()
    return (hls.PreloadHint("/" + stream.place.part_key(stream.track, stream.edge.next_part)),)


def _reports(stream: Stream) -> tuple[hls.RenditionReport, ...]:
    """Say how far the other tracks are."""
    running = {track.name for period in stream.shown.periods[-1:] for track in period.running}
    reports = []
    for name, edge in sorted(stream.shown.edges.items()):
        last = next((segment for segment in reversed(edge.tail) if segment.parts), None)
        if name != stream.track and name in running and last is not None:
            reports.append(hls.RenditionReport(f"../{name}/media.m3u8", last.number, len(last.parts) - 1))
    return tuple(reports)


def _segment_uri(stream: Stream, row: Row) -> str:
    return "/" + stream.place.segment_key(stream.track, row.period, row.number)


def _init(stream: Stream, row: Row) -> hls.InitSegment:
    return hls.InitSegment("/" + stream.place.init_key(stream.track, row.period))
