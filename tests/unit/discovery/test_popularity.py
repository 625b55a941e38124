"""Views weigh less the longer they are ago."""

import pytest

from millrace.discovery.popularity import TREND_HALF_LIFE_H, Popularity
from millrace.platform.ids import VideoId

A, B = VideoId("a"), VideoId("b")
DAY = int(TREND_HALF_LIFE_H)


def test_a_score_halves_in_a_day() -> None:
    scores = Popularity(0).after(1, {A: 8}).after(1 + DAY, {})
    assert scores.trend[A] == pytest.approx(4)
    assert scores.lasting[A] > 7


def test_yesterdays_many_views_lose_against_todays_few() -> None:
    scores = Popularity(0).after(1, {A: 100}).after(1 + 5 * DAY, {B: 10})
    assert scores.trending(10) == [B, A]


def test_hour_by_hour_comes_to_the_same_as_at_once() -> None:
    step_by_step = Popularity(0)
    for hour in range(1, 49):
        step_by_step = step_by_step.after(hour, {A: 5} if hour == 1 else {})
    assert step_by_step.trend[A] == pytest.approx(Popularity(0).after(1, {A: 5}).after(48, {}).trend[A])


def test_what_nobody_watches_is_forgotten() -> None:
    assert Popularity(0).after(1, {A: 1}).after(1 + 20 * DAY, {}).trend == {}


def test_the_index_is_told_when_a_score_doubles_or_is_gone() -> None:
    scores = Popularity(0).after(1, {A: 7})
    told = scores.moved(10)
    assert set(told) == {A}
    known = scores.told(told)
    assert known.moved(10) == {}
    assert set(known.after(2, {A: 1}).moved(10)) == set()
    assert set(known.after(2, {A: 20}).moved(10)) == {A}
    forgotten = Popularity(3, {}, {}, known.indexed)
    assert forgotten.moved(10) == {A: 0.0}
    assert forgotten.told({A: 0.0}).indexed == {}
