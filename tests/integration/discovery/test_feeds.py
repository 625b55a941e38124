"""Feeds, categories, channels and related videos over HTTP."""

import pytest

from millrace.channels.follows import store as follows
from millrace.channels.model import Channel, Follow
from millrace.discovery import store
from millrace.discovery.cursors import RankingPlace
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import new_id
from millrace.videos import store as videos_store
from millrace.videos.model import Category, Visibility
from tests.integration.discovery.conftest import World, forget_container, listed, make_channel, person, unpublished
from tests.integration.discovery.test_views import watch


def follow(reader: Caller, channel: Channel) -> None:
    follows.add(Follow(reader.user_id, channel.channel_id, now()))


def test_a_category_lists_its_videos_latest_first(world: World) -> None:
    music = [world.publish(f"Song {number}", category="music").video_id for number in range(5)]
    world.publish("News", category="news")
    assert world.all_ids("/api/categories/music?limit=2") == music[::-1]


def test_a_page_is_full_although_some_of_its_videos_were_hidden_since(world: World) -> None:
    videos = [world.publish(f"Song {number}", category="music") for number in range(8)]
    assert len(world.ids("/api/categories/music")) == 8
    for video in videos[4:7]:
        world.change(video, visibility=Visibility.PRIVATE)
    shown = [video.video_id for video in (videos[7], *videos[3::-1])]
    assert world.ids("/api/categories/music?limit=3") == shown[:3]
    assert world.all_ids("/api/categories/music?limit=3") == shown


def test_pages_stay_in_step_while_videos_are_published_and_hidden(world: World) -> None:
    videos = [world.publish(f"Song {number}", category="music") for number in range(7)]
    first = world.get("/api/categories/music?limit=3").json
    world.publish("Newer", category="music")
    world.tell(unpublished(world.change(videos[6], visibility=Visibility.PRIVATE)))
    forget_container()
    rest = world.all_ids("/api/categories/music?limit=3", behind=first["next_cursor"])
    assert rest == [video.video_id for video in videos[3::-1]]


def test_every_category_is_listed_with_its_size(world: World) -> None:
    world.publish("Song", category="music")
    answer = world.get("/api/categories").json
    sizes = {item["category"]: item["video_count"] for item in answer["items"]}
    assert set(sizes) == {category.value for category in Category}
    assert (sizes["music"], sizes["news"], answer["next_cursor"]) == (1, 0, None)


def test_there_is_no_such_category(world: World) -> None:
    answer = world.get("/api/categories/moosic")
    assert (answer.status, answer.problem) == (404, "not-found")


def test_a_channel_lists_its_videos_by_id_and_by_handle(world: World) -> None:
    channel = make_channel()
    videos = [world.publish(f"Mill {number}", channel=channel).video_id for number in range(3)]
    world.publish("Other", channel=make_channel())
    for name in (channel.channel_id, f"@{channel.handle}", f"@{channel.handle.upper()}"):
        assert world.ids(f"/api/channels/{name}/videos") == videos[::-1]
    assert world.get("/api/channels/@nobody-here/videos").status == 404
    assert world.get(f"/api/channels/{new_id()}/videos").status == 404


def test_the_home_feed_of_a_stranger_has_what_is_new_and_what_is_watched(world: World) -> None:
    videos = [world.publish(f"Mill {number}").video_id for number in range(6)]
    for number in range(3):
        watch(world, videos[0], f"viewer {number}")
    world.refresh()

    seen = world.all_ids("/api/feed/home?limit=4")

    assert seen[0] == videos[0]
    assert sorted(seen) == sorted(videos)


def test_the_home_feed_of_somebody_begins_with_whom_they_follow(world: World) -> None:
    channel, reader = make_channel(), person()
    followed = [world.publish("Followed", channel=channel).video_id for _ in range(3)]
    others = [world.publish("Other").video_id for _ in range(3)]
    follow(reader, channel)

    seen = world.all_ids("/api/feed/home?limit=2", reader)

    assert seen[0] == followed[-1]
    assert sorted(seen) == sorted((*followed, *others))
    assert world.ids("/api/feed/home")[0] == others[-1]


def test_an_unfollowed_channel_leaves_the_feed_at_once(world: World) -> None:
    channel, reader = make_channel(), person()
    world.publish("Followed", channel=channel)
    follow(reader, channel)
    assert len(world.ids("/api/feed/following", reader)) == 1
    follows.remove(reader.user_id, channel.channel_id)
    assert world.ids("/api/feed/following", reader) == []


def test_related_videos_are_those_that_share_something(world: World) -> None:
    channel = make_channel()
    watched = world.publish("Restoring a waterwheel", channel=channel, tags=("mills",))
    by_tag = world.publish("Another project", tags=("mills", "wood"))
    by_channel = world.publish("My garden", channel=channel)
    world.publish("Cats")
    target = f"/api/videos/{watched.video_id}/related"
    assert set(world.ids(target)) == {by_tag.video_id, by_channel.video_id}
    assert len(world.all_ids(f"{target}?limit=1")) == 2


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.UNLISTED])
def test_related_videos_tell_nothing_of_a_private_one(world: World, visibility: Visibility) -> None:
    video = listed("Secret mill", visibility=visibility)
    videos_store.create(video)
    world.publish("Mill")
    target = f"/api/videos/{video.video_id}/related"
    strangers = (None, person())
    wanted = 404 if visibility is Visibility.PRIVATE else 200
    assert [world.get(target, caller).status for caller in strangers] == [wanted, wanted]
    assert world.get(target, Caller(video.owner_id, frozenset())).status == 200


def test_pages_of_what_is_trending_are_of_one_ranking(world: World) -> None:
    videos = [world.publish(f"Mill {number}").video_id for number in range(4)]
    for rank, video_id in enumerate(videos):
        for viewer in range(4 - rank):
            watch(world, video_id, f"viewer {viewer}")
    world.refresh()
    first = world.get("/api/feed/trending?limit=2").json

    for viewer in range(20):
        watch(world, videos[3], f"another {viewer}")
    world.refresh()
    forget_container()

    assert [item["video_id"] for item in first["items"]] == videos[:2]
    assert world.all_ids("/api/feed/trending?limit=2", behind=first["next_cursor"]) == videos[2:]
    assert world.ids("/api/feed/trending") == [videos[3], *videos[:3]]


def test_a_ranking_that_expired_ends_its_list(world: World) -> None:
    assert store.ranking(new_id()) is None
    cursor = RankingPlace(new_id(), 2).cursor()
    answer = world.get(f"/api/feed/trending?cursor={cursor}").json
    assert answer == {"items": [], "next_cursor": None}
