"""The ladder fits every source and never makes it larger."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.ladder import LADDER, Rendition, fits_level_3, ladder_for

SIDES = st.integers(16, 8192)


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    return [(rendition.width, rendition.height) for rendition in ladder_for(width, height, Fraction(30))]


def test_the_documented_ladder_is_the_real_one() -> None:
    text = (Path(__file__).parents[3] / "docs" / "vod.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([\d.]+) ([Mk])b/s \|", text, re.MULTILINE)
    documented = [(int(side), round(float(rate) * {"M": 1_000_000, "k": 1000}[unit])) for side, rate, unit in rows]
    assert documented == [(rung.short_side, rung.maxrate_bps) for rung in LADDER]


def test_full_hd_gets_the_rungs_below() -> None:
    assert _sizes(1920, 1080) == [(1920, 1080), (1280, 720), (854, 480), (640, 360), (426, 240), (256, 144)]


def test_portrait_goes_by_its_short_side() -> None:
    assert _sizes(1080, 1920)[:2] == [(1080, 1920), (720, 1280)]


def test_ultra_hd_starts_at_2160() -> None:
    assert [rendition.name for rendition in ladder_for(3840, 2160, Fraction(30))] == [
        f"video_{rung.short_side}p" for rung in LADDER
    ]


def test_a_size_between_rungs_is_kept_and_the_rung_right_below_left_out() -> None:
    assert _sizes(1920, 800) == [(1920, 800), (1152, 480), (864, 360), (576, 240), (346, 144)]


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(160, 90, (160, 90)), (17, 33, (16, 32)), (16, 16, (16, 16))]
)
def test_a_tiny_source_keeps_its_size(width: int, height: int, expected: tuple[int, int]) -> None:
    assert _sizes(width, height) == [expected]


def test_more_than_thirty_frames_a_second_may_cost_half_as_much_again() -> None:
    slow, fast = (ladder_for(1280, 720, Fraction(rate))[0].maxrate_bps for rate in (30, 60))
    assert (slow, fast) == (2_800_000, 4_200_000)


@given(width=SIDES, height=SIDES)
def test_renditions_are_even_smaller_than_the_source_and_alike_in_shape(width: int, height: int) -> None:
    renditions = ladder_for(width, height, Fraction(30))
    assert renditions
    assert len({rendition.name for rendition in renditions}) == len(renditions)
    for rendition in renditions:
        assert rendition.width % 2 == rendition.height % 2 == 0
        assert rendition.width <= width
        assert rendition.height <= height
        assert max(rendition.width, rendition.height) <= 4096
        if rendition.short_side >= 100:
            assert rendition.width / rendition.height == pytest.approx(width / height, rel=0.03)
    assert [r.short_side for r in renditions] == sorted((r.short_side for r in renditions), reverse=True)


@pytest.mark.parametrize(
    ("size", "frame_rate", "fits"),
    [
        ((256, 144), 60, True),
        ((640, 360), 30, True),
        ((720, 576), 25, True),
        ((640, 360), 60, False),
        ((854, 480), 30, False),
    ],
)
def test_small_pictures_need_a_decoder_of_level_3_at_most(size: tuple[int, int], frame_rate: int, fits: bool) -> None:
    rendition = Rendition(name="video", width=size[0], height=size[1], maxrate_bps=400_000)
    assert fits_level_3(rendition, Fraction(frame_rate)) is fits
