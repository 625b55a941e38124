"""The model of costs: its figures against those that were measured, and against each other."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.costs.cost import Cost
from millrace.costs.estimating import plan_for, view
from millrace.costs.messages import EstimateInput
from millrace.costs.model import cpu_s, estimate, stored_bytes

MEMORY_MB = 10_240
HOUR_S = 3600


def _film(duration_s: float = HOUR_S, short_side: int = 1080, frame_rate: float = 30, sounds: int = 1) -> EstimateInput:
    return EstimateInput(
        duration_s=duration_s,
        width_px=short_side * 16 // 9,
        height_px=short_side,
        frame_rate=frame_rate,
        sound_tracks=sounds,
    )


def _usd(film: EstimateInput) -> float:
    return estimate(plan_for(film, 40), MEMORY_MB).usd_micro / 1e6


def test_an_hour_of_1080p_costs_what_was_measured() -> None:
    """1.85 CPU seconds a second of real clips, with the whole ladder: a quarter of a dollar, and a tenth beside it."""
    plan = plan_for(_film(), 40)
    assert 1.5 < cpu_s(plan) / HOUR_S < 2.6
    assert 0.25 < _usd(_film()) < 0.6


def test_a_price_is_the_sum_of_its_parts() -> None:
    cost = Cost.of(gb_s=1000, scratch_gb_s=100, requests=1_000_000, transitions=1000, puts=1000, gets=1000)
    assert cost.usd_micro == pytest.approx(16_667 + 3 + 200_000 + 25_000 + 5_000 + 400, abs=2)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (_film(60), _film(600)),
        (_film(short_side=720), _film()),
        (_film(), _film(short_side=2160)),
        (_film(), _film(frame_rate=60)),
        (_film(sounds=0), _film(sounds=3)),
    ],
)
def test_more_of_anything_costs_more(less: EstimateInput, more: EstimateInput) -> None:
    assert _usd(less) < _usd(more)


def test_cost_follows_length() -> None:
    assert _usd(_film(10 * HOUR_S)) == pytest.approx(10 * _usd(_film()), rel=0.05)


def test_a_second_costs_more_than_nothing() -> None:
    assert 0 < _usd(_film(1, 144)) < 0.01


def test_what_is_shown_is_what_was_planned() -> None:
    plan = plan_for(_film(60, 720, 29.97), 40)
    shown = view(plan, MEMORY_MB)
    assert plan.frame_rate == Fraction(30_000, 1001)
    assert shown.renditions == ("720p", "480p", "360p", "240p", "144p")
    assert shown.chunk_count == len(plan.chunks)
    assert shown.stored_bytes == stored_bytes(plan)
    assert shown.storage_usd_micro_a_month == pytest.approx(stored_bytes(plan) / 1e9 * 23_000, abs=1)


def test_more_memory_is_no_dearer_for_the_encoding_itself() -> None:
    """Lambda sells cores by memory: an encoder of twice the size runs half as long."""
    plan = plan_for(_film(), 40)
    small, large = (estimate(plan, memory_mb).gb_s for memory_mb in (3538, 10_240))
    assert large / small < 1.6


@given(
    duration_s=st.floats(0, 12 * HOUR_S, exclude_min=True),
    width_px=st.integers(16, 8192),
    height_px=st.integers(16, 8192),
    frame_rate=st.floats(1, 240),
    sound_tracks=st.integers(0, 8),
)
@settings(max_examples=60)
def test_whatever_may_be_asked_has_a_price(
    duration_s: float, width_px: int, height_px: int, frame_rate: float, sound_tracks: int
) -> None:
    film = EstimateInput(
        duration_s=duration_s,
        width_px=width_px,
        height_px=height_px,
        frame_rate=frame_rate,
        sound_tracks=sound_tracks,
    )
    shown = view(plan_for(film, 40), MEMORY_MB)
    assert shown.processing.usd_micro > 0
    assert shown.renditions
