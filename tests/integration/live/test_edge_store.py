"""The live edge in a real table: what is shown, in which order, and who may write."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from millrace.live.edge import store
from millrace.live.edge.model import Edge, Head, Part, Period, Segment, Track, TrackKind, TrackSegment
from millrace.live.errors import LeaseLost, LiveUnavailable, StreamGone
from millrace.platform.ids import LiveSessionId, VideoId, new_id
from millrace.videos.model import Home
from tests.integration.live.conftest import World

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = Track(
    name="video_source",
    kind=TrackKind.VIDEO,
    codec="avc1.64001f",
    timescale=90000,
    bandwidth_bps=3_000_000,
    width=1280,
    height=720,
    frame_rate=Fraction(30000, 1001),
)


@pytest.fixture
def head(world: World, container: object) -> Head:
    made = Head(
        session_id=LiveSessionId(new_id()),
        video_id=VideoId(new_id()),
        home=Home.PUBLIC,
        epoch=1,
        part_target_ms=334,
        segment_target_s=2,
    )
    store.begin(made)
    return made


def opened(head: Head, number: int = 1, epoch: int = 1) -> Edge:
    edge = Edge(session_id=head.session_id, track=SOURCE.name, epoch=epoch)
    at = BEGAN + timedelta(seconds=2 * (number - 1))
    return edge.opened(number, 0, decode_time=180_000 * (number - 1), program_date_time=at, unnamed_from=1)


def part(number: int, *, is_independent: bool = False) -> Part:
    return Part(number=number, duration=30_000, size_bytes=1000 + number, is_independent=is_independent)


def complete(number: int) -> Segment:
    track = TrackSegment(duration=180_000, size_bytes=6000, decode_time=180_000 * (number - 1), key_frame_size_bytes=9)
    at = BEGAN + timedelta(seconds=2 * (number - 1))
    return Segment(number=number, period=0, program_date_time=at, tracks={SOURCE.name: track})


def test_what_is_put_is_shown_as_it_was(head: Head) -> None:
    period = Period(number=0, tracks=(SOURCE,))
    edge = opened(head).with_part(part(0, is_independent=True), key_frame_size_bytes=700).with_part(part(1))
    store.put_period(head.session_id, 1, period)
    store.put_edge(edge)
    shown = store.shown(head.session_id)
    assert shown.head == head
    assert shown.periods == (period,)
    assert shown.edges == {SOURCE.name: edge}
    assert store.edge(head.session_id, SOURCE.name) == edge
    assert store.edge(head.session_id, "audio") is None


def test_segments_come_in_their_order_and_from_a_number_on(head: Head) -> None:
    for number in range(1, 12):
        store.put_segment(head.session_id, 1, complete(number))
    assert [found.number for found in store.segments(head.session_id)] == list(range(1, 12))
    assert list(store.segments(head.session_id, since=10)) == [complete(10), complete(11)]
    assert store.shown(head.session_id).head.last_segment == 11


def test_a_segment_that_skips_one_is_refused(head: Head) -> None:
    with pytest.raises(LeaseLost):
        store.put_segment(head.session_id, 1, complete(2))


def test_naming_a_segment_again_changes_nothing(head: Head) -> None:
    for _ in range(2):
        store.put_segment(head.session_id, 1, complete(1))
    assert list(store.segments(head.session_id)) == [complete(1)]


def test_an_older_version_of_an_edge_changes_nothing(head: Head) -> None:
    first = opened(head).with_part(part(0))
    second = first.with_part(part(1))
    for edge in (first, second, first):
        store.put_edge(edge)
    assert store.edge(head.session_id, SOURCE.name) == second


def test_a_former_ingest_can_change_nothing_and_begin_nothing(head: Head) -> None:
    mine = opened(head).with_part(part(0))
    store.put_edge(mine)
    store.fence(head.session_id, 2, 1)
    with pytest.raises(LeaseLost):
        store.put_edge(mine.with_part(part(1)))
    with pytest.raises(LeaseLost):
        store.put_edge(mine.model_copy(update={"track": "audio"}))
    with pytest.raises(LeaseLost):
        store.put_segment(head.session_id, 1, complete(1))
    with pytest.raises(LeaseLost):
        store.put_period(head.session_id, 1, Period(number=0, tracks=(SOURCE,)))
    shown = store.shown(head.session_id)
    assert list(shown.edges) == [SOURCE.name]
    assert shown.edges[SOURCE.name].tail == mine.tail
    assert (shown.head.epoch, shown.head.period, shown.head.last_segment) == (2, 1, 0)


def test_the_next_ingest_goes_on(head: Head) -> None:
    store.put_edge(opened(head).with_part(part(0)))
    store.fence(head.session_id, 2, 1)
    taken = store.shown(head.session_id).edges[SOURCE.name]
    after = taken.completed().opened(2, 1, decode_time=0, program_date_time=BEGAN, unnamed_from=1).with_part(part(1001))
    store.put_edge(after)
    store.put_period(head.session_id, 2, Period(number=1, tracks=(SOURCE,)))
    store.put_segment(head.session_id, 2, complete(1))
    shown = store.shown(head.session_id)
    assert [(found.number, found.period) for found in shown.edges[SOURCE.name].tail] == [(1, 0), (2, 1)]
    assert shown.head.last_segment == 1


def test_of_two_that_take_over_only_the_later_one_may_write(head: Head) -> None:
    store.fence(head.session_id, 3, 1)
    with pytest.raises(LeaseLost):
        store.fence(head.session_id, 2, 1)


def test_an_ended_session_says_so(head: Head) -> None:
    store.fence(head.session_id, 2, 0)
    store.end(head.session_id, 2)
    assert store.shown(head.session_id).head.has_ended


def test_a_removed_session_is_gone(head: Head) -> None:
    store.put_segment(head.session_id, 1, complete(1))
    store.remove(head.session_id)
    assert not store.segments(head.session_id)
    with pytest.raises(StreamGone):
        store.shown(head.session_id)


def test_a_long_stream_is_read_in_few_items(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "RUN", 3)
    every = [complete(number) for number in range(1, 9)]
    for segment in every:
        store.put_segment(head.session_id, 1, segment)
    assert store.all_segments(head.session_id) == every
    assert store.all_segments(head.session_id, 5) == every[4:]
    assert store.all_segments(head.session_id, 8) == every[7:]
    # What is in a run is not read again.
    monkeypatch.setattr(store, "segments", lambda _, since: every[since:] if since != 7 else [])
    assert store.all_segments(head.session_id) == every[:6]
    # Nor does who looks at the edge read runs.
    assert store.shown(head.session_id).head.last_segment == 8


def test_a_run_that_could_not_be_written_costs_nothing_but_time(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "RUN", 2)
    every = [complete(number) for number in range(1, 7)]
    write = store._put_run
    for segment in every:
        is_lost = segment.number == 4
        monkeypatch.setattr(store, "_put_run", _unavailable if is_lost else write)
        store.put_segment(head.session_id, 1, segment)
    assert store.all_segments(head.session_id) == every


def _unavailable(*_: object) -> None:
    raise LiveUnavailable
