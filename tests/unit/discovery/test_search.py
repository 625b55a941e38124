"""What a search finds, and in which order."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from millrace.discovery.index import Index
from millrace.discovery.model import Entry
from millrace.platform.ids import VideoId
from tests.unit.discovery.conftest import NOW, entry

Found = Callable[[str], list[str]]


def hold(index: Index, *entries: Entry, **views: float) -> None:
    index.apply(entries, (), {VideoId(video_id): count for video_id, count in views.items()})


def test_title_tags_channel_and_description_are_searched_in_this_order(index: Index, found: Found) -> None:
    described = entry("One", description="about a waterwheel")
    tagged = entry("Two", tags=("waterwheel",))
    by_channel = entry("Three", channel_name="Waterwheel Works")
    titled = entry("Four waterwheel")
    hold(index, described, tagged, by_channel, titled)

    assert found("waterwheel") == [video.video_id for video in (titled, by_channel, tagged, described)]


def test_every_word_has_to_be_there_in_any_field(index: Index, found: Found) -> None:
    both = entry("Building a mill", channel_name="Ada")
    hold(index, both, entry("Building a house", channel_name="Bob"))
    assert found("ada mill") == [both.video_id]


def test_where_nothing_has_every_word_most_of_them_will_do(index: Index, found: Found) -> None:
    near = entry("River mill in winter")
    hold(index, near, entry("Summer meadow"))
    assert found("river mill winter xylophone") == [near.video_id]
    assert found("river xylophone quagga zymurgy") == []


@pytest.mark.parametrize("beginning", ["w", "wat", "waterwh", "mill wat"])
def test_the_last_word_may_be_unfinished(index: Index, found: Found, beginning: str) -> None:
    video = entry("Waterwheel of a mill")
    hold(index, video, entry("Something else"))
    assert found(beginning) == [video.video_id]


@pytest.mark.parametrize(
    "slip", ["moutain", "mountian", "mountaiin", "mouttain", "montain bikng", "mountan biking", "mounatin"]
)
def test_small_slips_are_forgiven(index: Index, found: Found, slip: str) -> None:
    video = entry("Mountain biking")
    hold(index, video, entry("Fountain"), entry("Maintenance"))
    assert found(slip)[0] == video.video_id


def test_short_words_are_taken_as_they_are(index: Index, found: Found) -> None:
    hold(index, entry("cat"))
    assert found("car now") == []


def test_a_slip_never_outranks_the_word_itself(index: Index, found: Found) -> None:
    similar, exact = entry("brad brad brad"), entry("Long description", description="how to bake bread")
    hold(index, similar, exact)
    assert found("bread")[0] == exact.video_id


@pytest.mark.parametrize(
    ("title", "typed"), [("Zürich Street Parade", "zurich"), ("naïve", "NAIVE"), ("東京タワー", "京タ")]
)
def test_accents_case_and_scripts_do_not_matter(index: Index, found: Found, title: str, typed: str) -> None:
    video = entry(title)
    hold(index, video)
    assert found(typed) == [video.video_id]


def test_what_is_watched_more_comes_first(index: Index, found: Found) -> None:
    quiet, popular = entry("Mill"), entry("Mill")
    hold(index, quiet, popular, **{popular.video_id: 500.0})
    assert found("mill") == [popular.video_id, quiet.video_id]


def test_what_is_new_comes_first(index: Index, found: Found) -> None:
    old, new = entry("Mill", published_at=NOW - timedelta(days=400)), entry("Mill")
    hold(index, new, old)
    assert found("mill") == [new.video_id, old.video_id]


def test_an_edit_replaces_the_words_and_keeps_the_popularity(index: Index, found: Found) -> None:
    video, other = entry("Mill"), entry("Wheel")
    hold(index, video, other, **{video.video_id: 500.0})

    hold(index, entry("Wheel", video_id=video.video_id))

    assert found("mill") == []
    assert found("wheel") == [video.video_id, other.video_id]
    assert index.video_count == 2


def test_what_is_removed_is_not_found(index: Index, found: Found) -> None:
    video = entry("Mill")
    hold(index, video)
    index.apply((), [video.video_id], {})
    index.apply((), [video.video_id], {})
    assert found("mill") == []


def test_an_index_is_the_same_when_it_is_opened_again(index: Index, tmp_path: Path) -> None:
    video = entry("Mill")
    hold(index, video)
    assert [hit.video_id for hit in Index(tmp_path).search("mill", NOW)] == [video.video_id]


@pytest.mark.parametrize("nothing", ["", "   ", "!?#", "🎈", "\u0301\u0301"])
def test_a_text_without_words_finds_nothing(index: Index, found: Found, nothing: str) -> None:
    hold(index, entry("Mill"))
    assert found(nothing) == []


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(" ".join(f"wrod{number}x" for number in range(10_000)), id="many words"),
        pytest.param("a" * 100_000, id="one long word"),
        pytest.param('title:"x" AND (NOT *) OR [a TO z] ~5 /.*/ ^9', id="query language"),
        pytest.param("\ufdfa" * 3000, id="characters that unfold"),
        pytest.param("a\u0301" * 20_000, id="marks"),
    ],
)
def test_the_work_for_a_hostile_text_is_bounded(index: Index, found: Found, attack: str) -> None:
    hold(index, *(entry(f"word{number} mill title") for number in range(500)))
    started_s = time.process_time()
    found(attack)
    assert time.process_time() - started_s < 1.0
