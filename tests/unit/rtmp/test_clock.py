"""Timestamps of publishers are put right: wraps, jumps, gaps, disorder."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.rtmp.clock import Clock

AUDIO, VIDEO = TagKind.AUDIO, TagKind.VIDEO


def through(tags: Iterable[tuple[TagKind, int, float]], clock: Clock | None = None) -> list[tuple[TagKind, int]]:
    """Return the tags' times on our line; each is (kind, publisher's ms, arrival in s)."""
    clock = clock or Clock()
    corrected = (clock.corrected(FlvTag(kind, ms & 0xFFFFFFFF, b"x"), arrived) for kind, ms, arrived in tags)
    return [(tag.kind, tag.timestamp_ms) for tag in corrected]


def interleaved(start_ms: int, seconds: float, *, arrived_s: float = 0.0) -> list[tuple[TagKind, int, float]]:
    """Pictures every 40 ms and sound every 20 ms, as encoders send them: in order of time."""
    times = range(0, int(seconds * 1000), 20)
    tags: list[tuple[TagKind, int, float]] = []
    for ms in times:
        tags.append((AUDIO, start_ms + ms, arrived_s + ms / 1000))
        if not ms % 40:
            tags.append((VIDEO, start_ms + ms, arrived_s + ms / 1000))
    return tags


def times(result: list[tuple[TagKind, int]], kind: TagKind) -> list[int]:
    return [ms for each, ms in result if each is kind]


def assert_smooth(result: list[tuple[TagKind, int]], longest_step_ms: int = 100) -> None:
    for kind in (AUDIO, VIDEO):
        line = times(result, kind)
        steps = [after - before for before, after in itertools.pairwise(line)]
        assert all(0 <= step <= longest_step_ms for step in steps), max(steps)


@pytest.mark.parametrize("start_ms", [0, 7, 123_456_789, 0xFFFFFF00])
def test_a_clean_publish_keeps_its_steps_and_starts_where_it_is_told(start_ms: int) -> None:
    tags = interleaved(start_ms, 2)
    clock = Clock(start_ms=1000)
    result = through(tags, clock)
    assert [ms - 1000 for _, ms in result] == [ms - start_ms for _, ms, _ in tags]
    assert clock.jump_count == 0


def test_time_goes_on_over_the_wrap_at_32_bits() -> None:
    result = through(interleaved((1 << 32) - 1000, 2))
    assert_smooth(result, 40)
    assert times(result, VIDEO)[-1] == 1000 + 1960


@pytest.mark.parametrize("jump_ms", [-900, -3_000, -3_600_000, 3_000, 7_200_000, 1 << 31, -(1 << 30)])
def test_a_jump_is_taken_out_and_sound_stays_with_the_pictures(jump_ms: int) -> None:
    clock = Clock()
    start_ms = 4_000_000
    before = interleaved(start_ms, 2)
    after = interleaved(start_ms + 2000 + jump_ms, 2, arrived_s=2.0)
    result = through(before + after, clock)
    assert_smooth(result)
    assert clock.jump_count == 1
    assert clock.last_jump is not None
    if abs(jump_ms) < 1 << 31:
        assert clock.last_jump.by_ms == pytest.approx(jump_ms, abs=50)
    # The same distance between sound and pictures as before, and nothing lost or doubled.
    assert times(result, AUDIO)[-1] - times(result, VIDEO)[-1] == 20
    assert times(result, VIDEO)[-1] == pytest.approx(1000 + 3960, abs=50)


@pytest.mark.parametrize("jump_ms", [-800, -5_000, 5_000, 7_200_000])
def test_the_track_that_crosses_a_jump_later_is_not_torn_along(jump_ms: int) -> None:
    clock = Clock()
    before = interleaved(60_000, 2)
    video_first = [(VIDEO, 62_000 + jump_ms, 2.0)]
    late_audio = [(AUDIO, 62_000 + ms, 2.0 + ms / 1000) for ms in range(0, 200, 20)]
    after = interleaved(62_000 + 200 + jump_ms, 1, arrived_s=2.2)
    result = through(before + video_first + late_audio + after, clock)
    assert_smooth(result, 250)
    assert clock.jump_count == 1
    assert times(result, AUDIO)[-1] - times(result, VIDEO)[-1] == 20


def test_a_gap_in_which_time_really_passed_stays_a_gap() -> None:
    clock = Clock()
    result = through([*interleaved(0, 1), *interleaved(9_000, 1, arrived_s=9.0)], clock)
    assert clock.jump_count == 0
    assert times(result, VIDEO)[-1] == 1000 + 9_960


def test_one_frame_in_three_seconds_is_no_jump() -> None:
    clock = Clock()
    result = through([(VIDEO, 3000 * index, 3.0 * index) for index in range(5)], clock)
    assert [ms for _, ms in result] == [1000 + 3000 * index for index in range(5)]
    assert clock.jump_count == 0


def test_small_disorder_within_a_track_is_smoothed() -> None:
    clock = Clock()
    result = through([(VIDEO, ms, 0.0) for ms in (0, 40, 80, 60, 120)], clock)
    assert [ms for _, ms in result] == [1000, 1040, 1080, 1080, 1120]
    assert clock.jump_count == 0


def test_sound_that_begins_a_little_earlier_than_the_pictures_keeps_its_place() -> None:
    assert through([(VIDEO, 500, 0.0), (AUDIO, 480, 0.0)]) == [(VIDEO, 1000), (AUDIO, 980)]


def test_sound_by_a_clock_of_its_own_is_moved_next_to_the_pictures() -> None:
    clock = Clock()
    tags = []
    for index in range(50):
        tags.append((VIDEO, 3_600_000 + 40 * index, 0.04 * index))
        tags.append((AUDIO, 40 * index, 0.04 * index))
    result = through(tags, clock)
    assert_smooth(result, 40)
    assert clock.jump_count == 1


def test_metadata_has_the_time_of_what_came_last() -> None:
    clock = Clock()
    through(interleaved(0, 1), clock)
    assert clock.corrected(FlvTag(TagKind.SCRIPT, 0, b"x"), 1.0).timestamp_ms == 1980


@given(
    st.lists(
        st.tuples(
            st.sampled_from([AUDIO, VIDEO]),
            st.integers(0, (1 << 32) - 1),
            st.floats(0, 5, allow_nan=False),
        ),
        max_size=60,
    )
)
def test_whatever_comes_time_never_runs_back_nor_leaps(tags: list[tuple[TagKind, int, float]]) -> None:
    clock = Clock()
    arrived_s, newest_ms = 0.0, 1000
    last: dict[TagKind, int] = {}
    for kind, ms, passed_s in tags:
        arrived_s += passed_s
        ours_ms = clock.corrected(FlvTag(kind, ms, b"x"), arrived_s).timestamp_ms
        assert ours_ms >= last.get(kind, 0)
        newest_ms = max(newest_ms, ours_ms)
        last[kind] = ours_ms
    # One second of grace a tag, and the time that passed, is the most that the line may grow.
    assert newest_ms <= 1000 + arrived_s * 1000 + 1000 * len(tags) + 1
