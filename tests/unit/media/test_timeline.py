"""A source's stamps become a grid, and broken stamps a refusal."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.isobmff import parse_moov
from millrace.media.probe import Packet, SourceInfo
from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.media.timeline import (
    STANDARD_RATES,
    frame_rate_for,
    is_plain_movie,
    timeline_from_moov,
    timeline_from_packets,
)
from tests.media_fixtures.movies import box, movie
from tests.media_fixtures.values import a_source

NTSC = Fraction(30000, 1001)


def _packets(stamps: list[int], gop: int = 60) -> list[Packet]:
    return [Packet(pts=stamp, is_keyframe=number % gop == 0) for number, stamp in enumerate(stamps)]


def _declaring(rate: Fraction | None, time_base: Fraction) -> SourceInfo:
    source = a_source()
    return source.model_copy(
        update={"video": source.video.model_copy(update={"frame_rate": rate, "time_base": time_base})}
    )


def test_sample_tables_and_edit_list_give_the_presented_frames() -> None:
    # Two frames of reorder delay, hidden by the edit list; 0.5 s of sound first.
    moov = parse_moov(
        movie(deltas=[(300, 512)], offsets=[(300, 1024)], sync=[1, 101], edits=[(500, -1), (10_000, 1024)])
    )
    timeline = timeline_from_moov(moov, a_source())
    assert timeline.lead_frames == 15
    assert timeline.origin_s == 0
    assert timeline.frame_count == 315
    assert timeline.max_keyframe_gap_s == pytest.approx(199 / 30)


def test_frames_before_and_behind_the_edit_are_not_counted() -> None:
    moov = parse_moov(movie(deltas=[(300, 512)], edits=[(5000, 512 * 60)]))
    timeline = timeline_from_moov(moov, a_source())
    assert timeline.origin_s == 0
    assert timeline.frame_count == 150


@pytest.mark.parametrize(
    "data",
    [
        movie(extra=box("mvex")),
        movie(edits=[(100, 0), (100, 5000)]),
        movie(edits=[(100, 0), (100, -1)]),
        movie(deltas=[]),
    ],
    ids=["fragmented", "two parts", "empty behind", "no samples"],
)
def test_what_the_tables_do_not_tell_is_left_to_ffprobe(data: bytes) -> None:
    assert not is_plain_movie(parse_moov(data), a_source())


@pytest.mark.parametrize("rate", STANDARD_RATES)
@pytest.mark.parametrize("ticks", [1000, 90000])
def test_a_regular_stream_keeps_its_rate_even_with_rounded_stamps(rate: Fraction, ticks: int) -> None:
    stamps = [round(number / rate * ticks) for number in range(900)]
    for declared in (rate, None, Fraction(90000)):
        source = _declaring(declared, Fraction(1, ticks))
        assert frame_rate_for(stamps, Fraction(1, ticks), source.video) == rate
        assert timeline_from_packets(_packets(stamps), source).frame_count == 900


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (120, 60),
        (100, 50),
        (240, 60),
        (Fraction(120000, 1001), Fraction(60000, 1001)),
        (90, 60),
        (144, 60),
        (1, 10),
        (31, 30),
    ],
)
def test_other_rates_become_the_nearest_standard_one(rate: Fraction | int, expected: Fraction | int) -> None:
    stamps = [round(number / Fraction(rate) * 90000) for number in range(300)]
    assert frame_rate_for(stamps, Fraction(1, 90000), _declaring(None, Fraction(1, 90000)).video) == expected


def test_a_variable_rate_is_judged_by_its_usual_step() -> None:
    stamps = [number * 3000 for number in range(300) if number % 5 != 3 and not 100 < number < 160]
    source = _declaring(Fraction(90000), Fraction(1, 90000))
    timeline = timeline_from_packets(_packets(stamps), source)
    assert timeline.frame_rate == 30
    assert timeline.frame_count == 300
    assert timeline.max_gap_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("delay_s", "lead"), [(Fraction(21, 1000), 0), (Fraction(49, 1000), 0), (Fraction(7, 10), 21)])
def test_only_a_real_delay_of_the_picture_is_padded(delay_s: Fraction, lead: int) -> None:
    stamps = [int(delay_s * 90000) + number * 3000 for number in range(60)]
    timeline = timeline_from_packets(_packets(stamps), _declaring(Fraction(30), Fraction(1, 90000)))
    assert timeline.lead_frames == lead
    assert timeline.frame_count == 60 + lead
    assert timeline.origin_s == Fraction(stamps[0], 90000) - Fraction(lead, 30)


@pytest.mark.parametrize(
    ("stamps", "code"),
    [
        ([0, 3000, 10 * 3600 * 90000], RefusalCode.BROKEN_TIMESTAMPS),
        (list(range(0, 13 * 3600 * 90000, 1800 * 90000)), RefusalCode.TOO_LONG),
        ([0], RefusalCode.STILL_IMAGE),
        ([0, 0, 0], RefusalCode.STILL_IMAGE),
        ([], RefusalCode.NO_VIDEO_STREAM),
    ],
    ids=["time bomb", "thirteen hours", "one picture", "one instant", "nothing"],
)
def test_impossible_stamps_are_refused(stamps: list[int], code: RefusalCode) -> None:
    with pytest.raises(SourceRejected) as caught:
        timeline_from_packets(_packets(stamps), _declaring(None, Fraction(1, 90000)))
    assert caught.value.code is code


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=40))
def test_any_stamps_give_a_bounded_timeline_or_a_refusal(stamps: list[int]) -> None:
    try:
        timeline = timeline_from_packets(_packets(stamps), _declaring(None, Fraction(1, 90000)))
    except SourceRejected:
        return
    assert 0 < timeline.frame_count <= 12 * 3600 * 60
    assert timeline.frame_rate in STANDARD_RATES
