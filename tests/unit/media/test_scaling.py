"""Small pictures are made of larger ones that are there already, but not of ones too near in size."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from millrace.media.ladder import ladder_for
from millrace.media.scaling import scaling_sources


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    return [(each.width, each.height) for each in ladder_for(width, height, Fraction(30))]


def test_each_size_of_the_ladder_is_made_of_the_smallest_that_is_twice_as_large() -> None:
    sizes = _sizes(1920, 1080)
    assert [height for _, height in sizes] == [1080, 720, 480, 360, 240, 144]
    assert scaling_sources(sizes) == [None, None, 0, 1, 2, 3]


def test_portrait_films_are_alike() -> None:
    assert scaling_sources(_sizes(1080, 1920)) == [None, None, 0, 1, 2, 3]


def test_one_size_is_made_of_the_source() -> None:
    assert scaling_sources([(256, 144)]) == [None]


@given(st.integers(64, 4096), st.integers(64, 4096))
def test_nothing_is_made_of_what_is_less_than_twice_as_large(width: int, height: int) -> None:
    sizes = _sizes(width, height)
    for size, source in zip(sizes, scaling_sources(sizes), strict=True):
        assert source is None or all(large >= 2 * small for large, small in zip(sizes[source], size, strict=True))
    assert all(before[0] >= after[0] for before, after in pairwise(sizes))
