"""Playlists as values: one clock for all tracks, the past and the edge as one list, what a recording offers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from millrace.live.edge.model import (
    Edge,
    EdgeSegment,
    Head,
    Part,
    Period,
    Segment,
    Shown,
    Track,
    TrackKind,
    TrackSegment,
)
from millrace.live.errors import BadDirective
from millrace.live.playlists import main, manifest, media, vod
from millrace.live.playlists.timeline import clock_of, joined, past
from millrace.live.playlists.waiting import Directive, has, newest, read_directive
from millrace.media import dash, hls
from millrace.platform.ids import LiveSessionId, VideoId
from millrace.videos.model import Home

ZERO = datetime(2026, 11, 22, 12, tzinfo=UTC)
PICTURE = Track(name="video_source", kind=TrackKind.VIDEO, codec="avc1.64001f", timescale=1000, bandwidth_bps=9)
SMALL = PICTURE.model_copy(update={"name": "video_240p"})
SOUND = Track(name="audio", kind=TrackKind.AUDIO, codec="mp4a.40.2", timescale=48, bandwidth_bps=1)
# Sound is cut at the end of its part: a little late, and by turns more and less.
LATE_MS = (20, 240, 100, 20)


def segment(number: int, period: int = 0, *, without: str = "") -> Segment:
    """Two seconds, the first of which begins five seconds after the clock's zero."""
    begin_ms = 5000 + 2000 * (number - 1)
    late, later = LATE_MS[(number - 1) % 4], LATE_MS[number % 4]
    picture = TrackSegment(duration=2000, size_bytes=100, decode_time=begin_ms, key_frame_size_bytes=10)
    sound = TrackSegment(duration=(2000 + later - late) * 48, size_bytes=10, decode_time=(begin_ms + late) * 48)
    tracks = {PICTURE.name: picture, SMALL.name: picture, SOUND.name: sound}
    return Segment(
        number=number,
        period=period,
        program_date_time=ZERO + timedelta(milliseconds=begin_ms),
        tracks={name: track for name, track in tracks.items() if name != without},
    )


def shown(*periods: int, edges: tuple[Edge, ...] = (), has_ended: bool = False, last_segment: int = 4) -> Shown:
    tracks = (PICTURE, SMALL, SOUND.model_copy(update={"timescale": 48000}))
    return Shown(
        head=Head(
            session_id=LiveSessionId("s"),
            video_id=VideoId("v"),
            home=Home.PUBLIC,
            epoch=1,
            last_segment=last_segment,
            part_target_ms=334,
            segment_target_s=2,
            has_ended=has_ended,
        ),
        periods=tuple(Period(number=number, tracks=tracks) for number in periods or (0,)),
        edges={edge.track: edge for edge in edges},
    )


def stream(found: Shown, segments: list[Segment], track: str) -> media.Stream:
    clock = clock_of(found, segments)
    return media.Stream(found, track, clock, joined(past(track, segments, clock), found.edges.get(track), clock))


def test_sound_is_dated_by_its_own_first_tick() -> None:
    segments = [segment(number) for number in range(1, 5)]
    playlist = media.low_latency(stream(shown(), segments, SOUND.name))
    dates = [each.program_date_time for each in playlist.segments]
    expected = dates[0]
    assert expected == ZERO + timedelta(milliseconds=5000 + LATE_MS[0])
    for each, date in zip(playlist.segments, dates, strict=True):
        assert date == expected
        assert date is not None
        expected = date + timedelta(seconds=float(each.duration_s))


def test_the_clock_is_known_from_the_edge_before_a_segment_is_named() -> None:
    tail = EdgeSegment(
        number=1, period=0, program_date_time=ZERO + timedelta(seconds=5), decode_time=5000, parts=(part(0),)
    )
    later = tail.model_copy(update={"decode_time": 5020 * 48, "parts": (part(0, 333 * 48),)})
    edges = (edge(PICTURE.name, tail), edge(SOUND.name, later))
    playlist = media.low_latency(stream(shown(edges=edges, last_segment=0), [], SOUND.name))
    assert playlist.open_segment is not None
    assert playlist.open_segment.program_date_time == ZERO + timedelta(milliseconds=5020)


def part(number: int, duration: int = 333) -> Part:
    return Part(number=number, duration=duration, size_bytes=1, is_independent=number == 0)


def edge(track: str, *tail: EdgeSegment) -> Edge:
    next_part = max((part.number for each in tail for part in each.parts), default=-1) + 1
    return Edge(session_id=LiveSessionId("s"), track=track, epoch=1, tail=tail, next_part=next_part)


def test_a_part_in_which_pictures_are_missing_is_told_as_long_as_promised() -> None:
    tail = EdgeSegment(
        number=1, period=0, program_date_time=ZERO, decode_time=5000, parts=(part(0, 300), part(1, 364), part(2, 333))
    )
    playlist = media.low_latency(stream(shown(edges=(edge(PICTURE.name, tail),), last_segment=0), [], PICTURE.name))
    assert playlist.part_target_s == Decimal("0.334")
    assert playlist.server_control is not None
    assert playlist.server_control.part_hold_back_s == Decimal("1.002")
    assert playlist.open_segment is not None
    assert [each.duration_s for each in playlist.open_segment.parts] == [
        Decimal("0.3"),
        Decimal("0.334"),
        Decimal("0.333"),
    ]


def test_a_manifest_has_one_moment_for_sound_and_picture() -> None:
    found = manifest.growing(shown(), [segment(number) for number in range(1, 3)], ZERO, "https://mill.example/clock")
    assert found is not None
    offsets = {
        each.id: Decimal(each.presentation_time_offset) / each.timescale
        for adaptation_set in found.adaptation_sets
        for each in adaptation_set.representations
    }
    assert set(offsets.values()) == {Decimal(5)}


def test_a_recording_is_as_long_as_its_longest_track() -> None:
    segments = [segment(1), segment(2)]
    found = manifest.recording(shown(has_ended=True), segments, {PICTURE.name, SOUND.name})
    # The sound ends 100 ms after the picture.
    assert found.duration_s == Decimal("4.1")


def test_a_rendition_with_a_gap_at_a_break_stays_and_one_that_was_dropped_goes() -> None:
    break_gap = [segment(1), segment(2, without=SMALL.name), segment(3, 1), segment(4, 1)]
    names = [each.track.name for each in vod.recorded(shown(0, 1), break_gap)]
    assert names == [PICTURE.name, SMALL.name, SOUND.name]
    dropped = [segment(1), *(segment(number, without=SMALL.name) for number in range(2, 5))]
    assert [each.track.name for each in vod.recorded(shown(), dropped)] == [PICTURE.name, SOUND.name]


def test_the_rates_of_key_frames_are_their_own() -> None:
    segments = [segment(number) for number in range(1, 5)]
    tracks = vod.recorded(shown(has_ended=True), segments)
    main_playlist = hls.parse_multivariant(vod.files(shown(has_ended=True), segments, tracks)["main.m3u8"])
    assert [each.bandwidth_bps for each in main_playlist.iframe_variants] == [40, 40]
    assert main_playlist.variants[0].bandwidth_bps > 400


def test_key_frames_have_a_rate_of_their_own_from_the_first_part_on() -> None:
    first = EdgeSegment(
        number=1, period=0, program_date_time=ZERO, decode_time=0, parts=(part(0),), key_frame_size_bytes=500
    )
    picture = PICTURE.model_copy(update={"bandwidth_bps": 9_000_000, "width": 1280, "height": 720})
    found = shown(edges=(edge(PICTURE.name, first),), last_segment=1)
    found = found.model_copy(update={"periods": (Period(number=0, tracks=(picture,)),)})
    offered = main.multivariant(found, "media.m3u8")
    assert offered is not None
    # One key frame in two seconds, and as much again for pictures that are richer.
    assert [each.bandwidth_bps for each in offered.iframe_variants] == [4000]


def _at_edge(track: str, period: int, count: int = 1) -> Edge:
    parts = tuple(part(number) for number in range(count))
    return edge(track, EdgeSegment(number=2, period=period, program_date_time=ZERO, decode_time=0, parts=parts))


def test_nothing_is_offered_before_the_first_segment() -> None:
    edges = (_at_edge(PICTURE.name, 0), _at_edge(SOUND.name, 0))
    assert main.multivariant(shown(), "media.m3u8") is None
    assert main.multivariant(shown(edges=edges, last_segment=0), "media.m3u8") is None
    assert main.multivariant(shown(edges=edges, last_segment=1), "media.m3u8") is not None


def test_sound_is_never_offered_alone_where_there_are_pictures() -> None:
    only_sound = shown(0, 1, edges=(_at_edge(SOUND.name, 1), _at_edge(PICTURE.name, 1, 0)))
    assert main.multivariant(only_sound, "media.m3u8") is None
    # While the pictures of a new period are on their way, what the last one had is offered: its names are the same.
    late = shown(0, 1, edges=(_at_edge(SOUND.name, 0), _at_edge(PICTURE.name, 0)))
    offered = main.multivariant(late, "media.m3u8")
    assert offered is not None
    assert [each.uri for each in offered.variants] == ["video_source/media.m3u8"]


TAIL = (
    EdgeSegment(number=6, period=0, program_date_time=ZERO, decode_time=0, parts=(part(0), part(1)), is_complete=True),
    EdgeSegment(number=7, period=0, program_date_time=ZERO, decode_time=0, parts=(part(2),)),
)


@pytest.mark.parametrize(
    ("msn", "index", "expected"),
    [
        (5, None, True),
        (5, 9, True),
        (6, None, True),
        (6, 1, True),
        (6, 2, True),
        (7, 0, True),
        (7, 1, False),
        (7, None, False),
        (8, 0, False),
    ],
)
def test_an_edge_has_what_it_shows_and_what_came_before(msn: int, index: int | None, expected: bool) -> None:
    assert has(edge(PICTURE.name, *TAIL), Directive(msn, index)) is expected


def test_a_segment_that_is_open_without_parts_is_not_there_yet() -> None:
    empty = EdgeSegment(number=8, period=0, program_date_time=ZERO, decode_time=0)
    found = edge(PICTURE.name, TAIL[0], TAIL[1].model_copy(update={"is_complete": True}), empty)
    assert newest(found) == 7
    assert has(found, Directive(7, None))
    assert not has(found, Directive(7, 1)), "that is the first part of the next one"
    assert newest(edge(PICTURE.name)) == 0


@pytest.mark.parametrize(
    ("msn", "index", "skip"),
    [("1.0", None, None), ("", None, None), ("1", "-1", None), (None, "1", None), (None, None, "1")],
)
def test_a_directive_that_makes_no_sense_is_refused(msn: str | None, index: str | None, skip: str | None) -> None:
    with pytest.raises(BadDirective):
        read_directive(msn, index, skip)


def hole(number: int, period: int) -> Segment:
    """What the ingest names where an encoder died before anything came of a number."""
    return segment(number, period).model_copy(update={"tracks": {}})


def test_a_number_that_no_track_has_breaks_no_playlist() -> None:
    segments = [segment(1), segment(2), hole(3, 1), segment(4, 1)]
    found = shown(0, 1)
    playlist = media.low_latency(stream(found, segments, PICTURE.name))
    assert [each.is_gap for each in playlist.segments] == [False, False, True, False]
    assert [each.is_discontinuity for each in playlist.segments] == [False, False, True, False]
    assert hls.parse_media(hls.write_media(playlist)).segments[3].uri == playlist.segments[3].uri
    growing = manifest.growing(found, segments, ZERO, "https://clock")
    assert growing is not None
    assert [len(period.adaptation_sets) for period in growing.periods] == [2, 2]
    tracks = vod.recorded(found, segments)
    assert {each.track.name for each in tracks} == {PICTURE.name, SMALL.name, SOUND.name}
    assert 6000 <= vod.duration_ms(tracks) < 6300
    assert vod.files(found, segments, tracks)


def _periods(found: dash.Manifest | None) -> list[tuple[str, Decimal | None, list[str]]]:
    assert found is not None
    return [
        (period.id or "", period.start_s, [each.id for sets in period.adaptation_sets for each in sets.representations])
        for period in found.periods
    ]


def test_a_manifest_splits_a_period_where_a_rendition_goes_and_where_a_number_is_missing() -> None:
    kept, every = [PICTURE.name, SOUND.name], [PICTURE.name, SMALL.name, SOUND.name]
    segments = [segment(1), segment(2), segment(3, without=SMALL.name), hole(4, 0), segment(5, without=SMALL.name)]
    expected = [("0", Decimal(0), every), ("0-3", Decimal(4), kept), ("0-5", Decimal(8), kept)]
    found = manifest.growing(shown(last_segment=5), segments, ZERO, "https://clock")
    assert _periods(found) == expected
    # What was told before stays as it was.
    for count in (2, 3, 4):
        earlier = manifest.growing(shown(last_segment=count), segments[:count], ZERO, "https://clock")
        assert _periods(earlier) == expected[: 1 if count == 2 else 2]
    over = manifest.recording(shown(has_ended=True), segments, {PICTURE.name, SOUND.name})
    assert _periods(over) == [("0", Decimal(0), kept), ("0-5", Decimal(8), kept)]
    assert [period.duration_s for period in over.periods] == [Decimal(8), Decimal("2.24")]


def test_holes_alone_are_nothing_to_play() -> None:
    assert manifest.growing(shown(), [hole(1, 0)], ZERO, "https://clock") is None
    assert vod.recorded(shown(), [hole(1, 0)]) == ()


def test_what_was_named_after_the_edge_was_read_is_not_listed_beside_its_own_parts() -> None:
    tail = EdgeSegment(
        number=4, period=0, program_date_time=ZERO + timedelta(seconds=11), decode_time=11_000, parts=(part(0),)
    )
    edge = Edge(session_id=LiveSessionId("s"), track=PICTURE.name, epoch=1, tail=(tail,), next_part=1)
    found = shown(edges=(edge,), last_segment=4)
    playlist = media.low_latency(stream(found, [segment(number) for number in range(1, 5)], PICTURE.name))
    assert len(playlist.segments) == 3
    assert playlist.open_segment is not None
