"""Edges as values: what an ingest does to them, part by part."""

from datetime import UTC, datetime, timedelta

from millrace.live.edge.model import TAIL_SEGMENTS, Edge, Part, Period, Track, TrackKind, TrackSegment
from millrace.platform.ids import LiveSessionId

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def grown(segments: int, unnamed_from: int) -> Edge:
    edge = Edge(session_id=LiveSessionId("s"), track="audio", epoch=1)
    for number in range(1, segments + 1):
        at = BEGAN + timedelta(seconds=2 * number)
        edge = edge.opened(number, 0, decode_time=number, program_date_time=at, unnamed_from=unnamed_from)
        for position in range(3):
            part = Part(number=3 * (number - 1) + position, duration=10, size_bytes=7, is_independent=True)
            edge = edge.with_part(part, key_frame_size_bytes=5 if position == 0 else None)
        edge = edge.completed()
    return edge


def test_the_tail_keeps_four_complete_segments_beside_the_open_one() -> None:
    edge = grown(9, unnamed_from=100)
    assert [segment.number for segment in edge.tail] == [5, 6, 7, 8, 9]
    assert len(edge.tail) == TAIL_SEGMENTS + 1
    assert edge.next_part == 27


def test_what_is_not_named_yet_stays_in_the_tail() -> None:
    assert [segment.number for segment in grown(9, unnamed_from=3).tail] == [3, 4, 5, 6, 7, 8, 9]


def test_a_segment_is_the_sum_of_its_parts() -> None:
    segment = grown(1, 1).tail[0]
    assert (segment.duration, segment.size_bytes, segment.key_frame_size_bytes) == (30, 21, 5)
    assert TrackSegment.of(segment) == TrackSegment(duration=30, size_bytes=21, decode_time=1, key_frame_size_bytes=5)


def test_every_change_counts_the_version_on() -> None:
    assert grown(1, 1).version == 5


def test_a_dropped_track_no_longer_runs_but_is_still_told_of() -> None:
    tracks = tuple(
        Track(name=name, kind=TrackKind.VIDEO, codec="avc1.64001f", timescale=1, bandwidth_bps=1) for name in "ab"
    )
    period = Period(number=0, tracks=tracks).without("b", from_segment=7)
    assert [track.name for track in period.running] == ["a"]
    assert [track.dropped_at_segment for track in period.tracks] == [None, 7]
