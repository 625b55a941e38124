"""Which pictures are taken of a film, and how a player finds them."""

import itertools
import math
import re
from fractions import Fraction

import pytest

from millrace.media.picture_commands import posters_argv, preview_argv, storyboard_argv
from millrace.media.plan import EncodePlan, make_plan
from millrace.media.storyboard import (
    MAX_POSTERS,
    MAX_TILES,
    MINIATURE,
    best_poster,
    pick_posters,
    plan_preview,
    plan_storyboard,
    poster_source,
    segments_of,
    storyboard_vtt,
)
from tests.media_fixtures.values import a_plan, a_source, a_timeline

PIXELS = MINIATURE[0] * MINIATURE[1]


def plan_of(seconds: float, *, width: int = 1920, height: int = 1080, rate: Fraction | int = 30) -> EncodePlan:
    source = a_source(width=width, height=height, frame_rate=rate)
    return make_plan(source, a_timeline(seconds=Fraction(seconds), frame_rate=rate), parallelism=8)


def flat(luma: int) -> bytes:
    return bytes([luma]) * PIXELS


def stripes(low: int, high: int, width: int = 4) -> bytes:
    return bytes(low if position // width % 2 else high for position in range(PIXELS))


@pytest.mark.parametrize("seconds", [0.04, 1, 2, 2.1, 59, 600, 3600, 36_000])
def test_the_whole_film_is_covered_by_tiles_at_key_frames(seconds: float) -> None:
    plan = plan_of(seconds)
    board = plan_storyboard(plan)
    assert 1 <= board.tile_count <= MAX_TILES
    assert board.frames[0] == 0
    assert board.frames[-1] < plan.frame_count <= board.frames[-1] + board.interval_frames
    assert all(frame % plan.gop_frames == 0 for frame in board.frames)
    assert board.sheet_count * board.columns * board.rows >= board.tile_count


def test_a_long_film_needs_one_segment_a_tile() -> None:
    plan = plan_of(36_000)
    board = plan_storyboard(plan)
    assert len(segments_of(plan, board.frames)) == board.tile_count
    assert all(frame % plan.segment_frames == 0 for frame in board.frames)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920), (64, 36), (3840, 400)])
def test_tiles_keep_the_shape_of_the_film_and_are_never_enlarged(width: int, height: int) -> None:
    board = plan_storyboard(plan_of(60, width=width, height=height))
    assert max(board.tile_width, board.tile_height) == min(160, max(width, height))
    assert board.tile_width / board.tile_height == pytest.approx(width / height, rel=0.07)
    assert board.tile_width % 2 == board.tile_height % 2 == 0


def test_the_index_names_a_place_on_a_sheet_for_every_moment() -> None:
    plan = plan_of(61, rate=Fraction(30000, 1001))
    board = plan_storyboard(plan)
    text = storyboard_vtt(plan, board, ["one.jpg", "two.jpg"])
    cues = re.findall(r"(\S+) --> (\S+)\n(\w+\.jpg)#xywh=(\d+),(\d+),160,90\n", text)
    assert text.startswith("WEBVTT\n\n")
    assert len(cues) == board.tile_count == 31
    assert cues[0] == ("00:00:00.000", "00:00:02.002", "one.jpg", "0", "0")
    assert cues[6][2:] == ("one.jpg", "160", "90")
    assert cues[25][2:] == ("two.jpg", "0", "0")
    assert cues[-1][1] == "00:01:00.994"  # 1,828 frames: not a full last group
    assert all(before[1] == after[0] for before, after in itertools.pairwise(cues))


def test_posters_come_from_all_over_the_film_and_show_something() -> None:
    dull = [flat(16), flat(128), flat(250)] * 8
    dull[4], dull[10], dull[13], dull[21] = stripes(60, 180), stripes(60, 180, 8), stripes(20, 200, 2), stripes(90, 99)
    assert pick_posters(dull) == [4, 10, 13, 21]


def test_what_looks_alike_is_offered_once() -> None:
    assert pick_posters([stripes(60, 180)] * 40) == [0]


def test_the_poster_is_the_candidate_with_most_to_see() -> None:
    pictures = [flat(16), stripes(90, 130), stripes(40, 200), flat(250)]
    picked = pick_posters(pictures)
    assert picked[best_poster(pictures, picked)] == 2


def test_a_black_film_still_has_a_poster() -> None:
    assert pick_posters([flat(16)]) == [0]
    assert len(pick_posters([flat(16), stripes(40, 60)])) == min(MAX_POSTERS, 2)


def test_darkness_counts_less_than_light() -> None:
    night, day = stripes(0, 40), stripes(100, 135)
    assert pick_posters([night, night, night, night, day, night, night, night])[-1] != 0
    assert 4 in pick_posters([night, night, night, night, day, night, night, night])


@pytest.mark.parametrize("seconds", [0.04, 1, 5, 12.5, 60, 36_000])
@pytest.mark.parametrize("rate", [24, 60])
def test_a_preview_is_three_seconds_of_the_film_at_most(seconds: float, rate: int) -> None:
    plan = plan_of(seconds, rate=rate)
    preview = plan_preview(plan)
    assert all(0 <= first < last <= plan.frame_count for first, last in preview.moments)
    assert sum(last - first for first, last in preview.moments) / rate <= 3.01
    assert len(preview.moments) == (6 if seconds > 10 else 1)
    assert rate / preview.step <= 30
    assert all(first % plan.gop_frames == 0 for first, _ in preview.moments)


def test_pictures_come_from_the_smallest_rendition_that_will_do() -> None:
    plan = plan_of(60, width=3840, height=2160)
    assert poster_source(plan).height == 720
    assert plan_preview(plan).rendition.height == 240
    assert plan_storyboard(plan).rendition.height == 144
    assert poster_source(plan_of(60, width=640, height=360)).height == 360


@pytest.mark.parametrize("name", ["storyboard", "posters", "preview"])
def test_the_commands_open_one_local_file_and_nothing_else(name: str) -> None:
    plan = a_plan()
    commands = {
        "storyboard": storyboard_argv("ffmpeg", plan, plan_storyboard(plan), "/w/track.mp4", "/w/s_%03d.jpg", "/w/m"),
        "posters": posters_argv("ffmpeg", plan, [0, 240], "/w/track.mp4", "/w/c_%d.jpg"),
        "preview": preview_argv("ffmpeg", plan, plan_preview(plan), "/w/track.mp4", "/w/preview.mp4"),
    }
    argv = commands[name]
    before = argv[: argv.index("-i")]
    assert before[before.index("-protocol_whitelist") + 1] == "file"
    assert before[before.index("-f") + 1] == "mov"
    assert "-nostdin" in before
    assert argv.count("-i") == 1
    assert math.prod("http" not in part for part in argv)
