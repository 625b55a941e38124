"""Chunks cover the grid, and open the source early enough."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.plan import PACE, EncodePlan, make_plan
from millrace.media.timeline import STANDARD_RATES, Gap
from tests.media_fixtures.values import a_plan, a_source, a_timeline
from tests.media_fixtures.watching import longest_pause_s


@given(frames=st.integers(2, 400_000), rate=st.sampled_from(STANDARD_RATES), parallelism=st.integers(1, 1000))
def test_chunks_cover_every_frame_once_in_whole_segments(frames: int, rate: Fraction, parallelism: int) -> None:
    timeline = a_timeline(seconds=frames / rate, frame_rate=rate)
    plan = make_plan(a_source(frame_rate=rate), timeline, parallelism=parallelism)
    assert plan.chunks[0].start_frame == 0
    assert plan.chunks[-1].end_frame == plan.frame_count == frames
    for before, after in pairwise(plan.chunks):
        assert before.end_frame == after.start_frame
        assert before.end_frame % plan.segment_frames == 0
    for chunk in plan.chunks:
        assert chunk.frame_count > 0
        assert chunk.first_segment == chunk.start_frame // plan.segment_frames + 1


@given(seconds=st.integers(60, 40_000), parallelism=st.integers(1, 1000))
def test_chunks_grow_from_four_seconds_to_at_most_about_thirty(seconds: int, parallelism: int) -> None:
    plan = a_plan(seconds=seconds, parallelism=parallelism)
    lengths = [chunk.frame_count / 30 for chunk in plan.chunks]
    assert lengths[:2] == [4, 4]
    assert all(before <= after for before, after in pairwise(lengths[:-1]))
    assert max(lengths[:-1]) <= 32
    assert 4 <= lengths[-1] <= 36


@given(
    seconds=st.integers(5, 8000),
    rate=st.sampled_from(STANDARD_RATES),
    parallelism=st.sampled_from([1, 2, 3, 4, 7, 40, 1000]),
    pace=st.fractions(PACE, 20),
)
def test_who_watches_from_the_first_second_never_waits(
    seconds: int, rate: Fraction, parallelism: int, pace: Fraction
) -> None:
    """Which holds where each of the encoders is a quarter faster than the film plays."""
    plan = a_plan(seconds=seconds, frame_rate=rate, parallelism=parallelism)
    lengths_s = [chunk.frame_count / rate for chunk in plan.chunks]
    assert longest_pause_s(lengths_s, parallelism, pace=pace, start_s=Fraction(0)) == 0


@pytest.mark.parametrize("parallelism", [1, 2, 40])
def test_encoders_of_twice_the_speed_may_take_a_second_to_begin(parallelism: int) -> None:
    plan = a_plan(seconds=3600, parallelism=parallelism)
    lengths_s = [chunk.frame_count / plan.frame_rate for chunk in plan.chunks]
    assert longest_pause_s(lengths_s, parallelism, pace=Fraction(2), start_s=Fraction(1)) == 0


def test_a_viewer_waits_who_is_given_long_chunks_too_early() -> None:
    too_early = [Fraction(length) for length in (4, 4, 32, 32)]
    assert longest_pause_s(too_early, 2, pace=PACE, start_s=Fraction(0)) > 17


@pytest.mark.parametrize(("parallelism", "expected"), [(1, 9), (2, 4), (40, 4), (1000, 4)])
def test_growing_chunks_are_few(parallelism: int, expected: int) -> None:
    """Each start costs two seconds of encoding."""
    seconds = 3600
    plan = a_plan(seconds=seconds, parallelism=parallelism)
    longest = max(chunk.frame_count for chunk in plan.chunks[:-1])
    assert len(plan.chunks) <= seconds * 30 / longest + expected


@pytest.mark.parametrize(
    ("seconds", "parallelism", "expected"), [(60, 10, 8), (120, 10, 12), (3600, 100, 32), (3600, 200, 20)]
)
def test_chunk_length_follows_the_parallelism(seconds: int, parallelism: int, expected: int) -> None:
    assert a_plan(seconds=seconds, parallelism=parallelism).chunks[5].frame_count == expected * 30


def test_a_segment_at_29_97_is_120_whole_frames() -> None:
    plan = a_plan(frame_rate=Fraction(30000, 1001))
    assert (plan.gop_frames, plan.segment_frames, plan.timescale, plan.frame_ticks) == (60, 120, 30000, 1001)
    assert plan.chunks[2].frame_count == 240


@given(rate=st.sampled_from(STANDARD_RATES))
def test_a_frame_is_a_whole_number_of_ticks(rate: Fraction) -> None:
    plan = a_plan(frame_rate=rate)
    assert Fraction(plan.frame_ticks, plan.timescale) == 1 / rate


def test_a_plan_survives_its_json() -> None:
    plan = a_plan(frame_rate=Fraction(30000, 1001))
    assert EncodePlan.model_validate_json(plan.model_dump_json()) == plan


def test_only_the_chunk_that_begins_in_a_pause_opens_the_source_before_it() -> None:
    timeline = a_timeline(max_gap_s=9.0, long_gaps=(Gap(10.0, 19.0),))
    plan = make_plan(a_source(), timeline, parallelism=10)
    starts = {chunk.start_frame / 30: chunk.margin_s for chunk in plan.chunks}
    assert starts[16] == pytest.approx(16 - 0.4 - 10 + 0.5)  # its window begins 12 frames early
    assert starts[24] == 2.5
    assert starts[40] == 2.5


def test_a_source_without_index_is_opened_a_group_of_pictures_earlier() -> None:
    timeline = a_timeline(max_keyframe_gap_s=5.0)
    indexed = make_plan(a_source(), timeline, parallelism=10)
    unindexed = make_plan(a_source(container="mpegts"), timeline, parallelism=10)
    assert indexed.chunks[1].margin_s == 1.0
    assert unindexed.chunks[1].margin_s == 6.0


def test_sound_ends_with_the_picture() -> None:
    plan = a_plan(seconds=10, frame_rate=Fraction(30000, 1001))
    assert plan.audio_chunks[-1].end_sample == 1024 * 470  # 480480 samples, in whole frames
