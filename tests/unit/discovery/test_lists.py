"""Lists by time, related videos, the home feed, and where each goes on."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.discovery.cursors import MAX_CHARS, HomePlace, Shown, read_shown
from millrace.discovery.home import mixed
from millrace.discovery.index import MAX_RANKED, Index, Narrowing
from millrace.discovery.model import Ranking
from millrace.platform.errors import Invalid
from millrace.platform.ids import ChannelId, VideoId, new_id
from tests.unit.discovery.conftest import NOW, entry


def test_pages_by_time_neither_repeat_nor_skip_while_videos_are_added(index: Index) -> None:
    old = [entry(f"{age}", published_at=NOW - timedelta(hours=age)) for age in range(1, 8)]
    index.apply(old, (), {})
    first = index.newest(Narrowing(), None, 3)

    index.apply([entry("new", published_at=NOW)], (), {})
    rest = index.newest(Narrowing(), first[-1].position, 10)

    assert [hit.video_id for hit in (*first, *rest)] == [video.video_id for video in old]


def test_videos_of_one_moment_keep_their_order_in_every_copy(index: Index) -> None:
    together = [entry(f"{number}") for number in range(50)]
    index.apply(together, (), {})
    pages, before = [], None
    while page := index.newest(Narrowing(), before, 7):
        pages += page
        before = page[-1].position
    assert {hit.video_id for hit in pages} == {video.video_id for video in together}
    assert len(pages) == 50


def test_lists_are_narrowed_by_category_and_channels(index: Index) -> None:
    music = entry("a", category="music")
    other = entry("b", category="news")
    nowhere = entry("c", channel_id=None)
    index.apply([music, other, nowhere], (), {})

    def ids(narrowing: Narrowing) -> set[str]:
        return {hit.video_id for hit in index.newest(narrowing, None, 10)}

    assert ids(Narrowing(category="music")) == {music.video_id}
    assert music.channel_id is not None
    assert ids(Narrowing(channel_ids=[music.channel_id, ChannelId(new_id())])) == {music.video_id}
    assert ids(Narrowing(channel_ids=[])) == set()
    assert ids(Narrowing(without_channels=[music.channel_id])) == {other.video_id, nowhere.video_id}
    assert index.count_of_category("music") == 1


def test_a_category_forgets_what_left_it(index: Index) -> None:
    video = entry("a", category="music")
    index.apply([video], (), {})
    index.apply([entry("a", video_id=video.video_id, category="news")], (), {})
    assert index.newest(Narrowing(category="music"), None, 10) == []


def test_related_videos_share_tags_first_and_never_include_the_video_itself(index: Index) -> None:
    watched = entry("Restoring a waterwheel", tags=("mills", "woodwork"), category="howto")
    by_tags = entry("Another project", tags=("mills", "woodwork"))
    by_title = entry("My waterwheel")
    by_category = entry("Tiling", category="howto")
    index.apply([watched, by_category, by_title, by_tags, entry("Cats")], (), {})

    assert [hit.video_id for hit in index.related(watched, NOW)] == [
        video.video_id for video in (by_tags, by_title, by_category)
    ]


def test_the_home_feed_takes_turns_and_has_every_video_once(index: Index) -> None:
    followed_channel = ChannelId(new_id())
    followed = [entry("f", channel_id=followed_channel) for _ in range(5)]
    others = [entry("n") for _ in range(12)]
    index.apply([*followed, *others], (), {})
    trending = (others[3].video_id, followed[0].video_id, others[7].video_id)
    ranking = Ranking(new_id(), trending)

    place, seen = HomePlace(ranking.ranking_id), []
    while slots := mixed(index, ranking, [followed_channel], place, 4):
        seen += [slot.video_id for slot in slots]
        place = slots[-1].behind
        # Published while the pages are turned.
        index.apply([entry("later", published_at=NOW + timedelta(minutes=1))], (), {})

    assert len(seen) == len(set(seen))
    assert set(seen) == {video.video_id for video in (*followed, *others)}
    assert seen[1] == trending[0]


@given(st.sets(st.integers(0, 2**32 - 1), max_size=MAX_RANKED))
def test_what_was_shown_survives_its_cursor(marks: set[int]) -> None:
    shown = Shown(read_shown("search mill", None).question, frozenset(marks))
    assert read_shown("search mill", shown.cursor()) == shown
    assert len(shown.cursor()) <= MAX_CHARS


def test_a_cursor_of_another_question_is_refused() -> None:
    cursor = read_shown("search mill", None).with_these([VideoId(new_id())]).cursor()
    for question, text in (
        ("search wheel", cursor),
        ("search mill", cursor + "A"),
        ("search mill", "é"),
        ("search mill", ""),
    ):
        with pytest.raises(Invalid):
            read_shown(question, text)
