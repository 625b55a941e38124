"""The ladder follows what a film needs, and never beyond what the table allows."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.complexity import (
    RUNG_FACTOR,
    Complexity,
    Sample,
    complexity_of,
    fit_ladder,
    predicted_bps,
    read_sample,
    sample_frames,
    sample_places,
    sample_sizes,
)
from millrace.media.plan import EncodePlan, make_plan
from tests.media_fixtures.values import a_plan, a_source, a_timeline

RATES = st.integers(1, 200_000_000)


def _complexity(plan: EncodePlan, *samples: tuple[int, ...]) -> Complexity:
    found = complexity_of(plan, [Sample(rates_bps=rates) for rates in samples])
    assert found is not None
    return found


def _names(plan: EncodePlan) -> list[str]:
    return [rendition.name.removeprefix("video_") for rendition in plan.renditions]


@given(seconds=st.integers(1, 40_000))
def test_a_film_is_sampled_at_most_three_times_however_long_it_is(seconds: int) -> None:
    plan = a_plan(seconds=seconds)
    places = sample_places(plan)
    assert 1 <= len(places) <= 3
    assert len(set(places)) == len(places)
    for place in places:
        assert 0 <= place <= max(Fraction(0), plan.duration_s - 1)
    assert sample_frames(plan) == 30


def test_the_middle_of_the_film_is_sampled_first() -> None:
    assert sample_places(a_plan(seconds=60))[0] == 29.5


def test_samples_are_encoded_at_two_sizes_of_the_ladder() -> None:
    assert sample_sizes(a_plan()) == [(640, 360), (1280, 720)]
    tiny = make_plan(a_source(width=176, height=144), a_timeline(), parallelism=1)
    assert sample_sizes(tiny) == [(176, 144)]


def test_a_keyframe_counts_for_its_group_of_pictures() -> None:
    plan = a_plan()
    listed = "#tb 0: 1/30\n" + "".join(
        f"{stream}, {frame}, {frame}, 1, {1000 if frame == 0 else 100}, 0xabc\n"
        for frame in range(30)
        for stream in (0, 1)
    )
    # 1000 bytes and 59 of 100, every two seconds.
    assert read_sample(listed, plan) == Sample(rates_bps=(27_600, 27_600))


@pytest.mark.parametrize("listed", ["", "rubbish", "0, 0, 0, 1, 77, 0x1\n", "7, 0, 0, 1, 77, 0x1\n"])
def test_without_all_packets_there_is_no_sample(listed: str) -> None:
    assert read_sample(listed, a_plan()) is None
    assert complexity_of(a_plan(), []) is None


@given(st.text())
def test_any_list_can_be_read(listed: str) -> None:
    read_sample(listed, a_plan())


def test_an_ordinary_film_keeps_its_ladder() -> None:
    plan = a_plan()
    fitted = fit_ladder(plan, _complexity(plan, (400_000, 1_200_000)))
    assert _names(fitted) == _names(plan)
    assert [rendition.maxrate_bps for rendition in fitted.renditions][:2] == [3_423_000, 1_800_000]


def test_flat_graphics_lose_the_rungs_that_look_alike() -> None:
    plan = a_plan()
    fitted = fit_ladder(plan, _complexity(plan, (6_000, 10_000)))
    assert _names(fitted) == ["1080p", "480p", "144p"]
    assert {rendition.maxrate_bps for rendition in fitted.renditions} == {100_000}


def test_the_most_complex_sample_sets_the_caps() -> None:
    plan = a_plan()
    calm, busy = (200_000, 600_000), (800_000, 2_400_000)
    mixed, calm_only = (fit_ladder(plan, _complexity(plan, *samples)) for samples in ((calm, busy), (calm, calm)))
    assert mixed.renditions[1].maxrate_bps == plan.renditions[1].maxrate_bps == 2_800_000
    assert calm_only.renditions[1].maxrate_bps == 900_000


@given(
    st.lists(st.tuples(RATES, RATES), min_size=1, max_size=4), st.sampled_from([(1920, 1080), (3840, 2160), (640, 480)])
)
def test_whatever_was_measured_the_ladder_stays_sound(samples: list[tuple[int, int]], size: tuple[int, int]) -> None:
    plan = make_plan(a_source(width=size[0], height=size[1]), a_timeline(), parallelism=4)
    count = len(sample_sizes(plan))
    complexity = _complexity(plan, *(sample[:count] for sample in samples))
    fitted = fit_ladder(plan, complexity)
    caps = {rendition.name: rendition.maxrate_bps for rendition in plan.renditions}
    assert fitted.renditions[0].name == plan.renditions[0].name
    assert fitted.renditions[-1].name == plan.renditions[-1].name
    for rendition in fitted.renditions:
        assert 0 < rendition.maxrate_bps <= caps[rendition.name]
    means = [sum(rates) / len(rates) for rates in zip(*(each.rates_bps for each in complexity.samples), strict=True)]
    expected = [min(predicted_bps(complexity, each, means), caps[each.name]) for each in fitted.renditions]
    for above, below in pairwise(expected[:-1]):
        assert above >= RUNG_FACTOR * below
