"""Search over HTTP: how soon a video is found, and how soon it is not."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from millrace.channels import store as channels_store
from millrace.channels.follows import store as follows
from millrace.channels.model import Follow
from millrace.discovery import store
from millrace.discovery.errors import DiscoveryUnavailable
from millrace.platform import clients
from millrace.platform.clock import now
from millrace.platform.events import ChannelChanged
from millrace.videos.model import TakenDown, Visibility
from tests.integration.discovery.conftest import (
    World,
    changed,
    deleted,
    forget_container,
    listed,
    make_channel,
    person,
    unpublished,
)
from tests.integration.emulator.servers import eventually


def test_a_published_video_is_found_within_seconds_by_a_function_that_was_running(world: World) -> None:
    assert world.ids("/api/search?q=waterwheel") == []
    video = world.publish("Restoring a waterwheel")

    def is_found() -> None:
        assert world.ids("/api/search?q=waterwheel") == [video.video_id]

    eventually(is_found, within_s=5)


def test_a_hit_shows_the_video_and_its_channel(world: World) -> None:
    channel = make_channel("Ada's mills")
    video = world.publish("Waterwheel", channel=channel, tags=("mills",), category="howto", language="en")

    (card,) = world.get("/api/search?q=waterwheel").json["items"]

    assert card["channel"] == {"channel_id": channel.channel_id, "handle": channel.handle, "name": "Ada's mills"}
    assert (card["title"], card["tags"], card["category"]) == ("Waterwheel", ["mills"], "howto")
    assert card["poster_url"].startswith("https://millrace.example/media/public/" + video.video_id)
    assert "description" not in card


@pytest.mark.parametrize("text", ["ada mil", "ADA'S", "wasserräder", "WASSERRADER", "wasserrader mils", "kanal"])
def test_it_is_found_by_title_tag_description_and_channel(world: World, text: str) -> None:
    video = world.publish(
        "Wasserräder", channel=make_channel("Ada's mills"), tags=("mühle",), description="Am Kanal entlang"
    )
    world.publish("Something else")
    assert world.ids(f"/api/search?q={quote(text)}") == [video.video_id]


@pytest.mark.parametrize("hidden", ["private", "unlisted", "taken down", "deleted", "draft"])
def test_what_is_hidden_is_gone_at_once_even_before_its_event_came(world: World, hidden: str) -> None:
    video = world.publish("Waterwheel")
    assert world.ids("/api/search?q=waterwheel") == [video.video_id]

    changes: dict[str, dict[str, Any]] = {
        "private": {"visibility": Visibility.PRIVATE},
        "unlisted": {"visibility": Visibility.UNLISTED},
        "taken down": {"taken_down": TakenDown(reason="It was not yours.", at=now(), by=person().user_id)},
        "deleted": {"deleted_at": now()},
        "draft": {"is_draft": True},
    }
    world.change(video, **changes[hidden])

    for target in ("search?q=waterwheel", "feed/home", "feed/trending", "categories/other"):
        assert world.ids(f"/api/{target}") == []


def test_a_video_of_a_hidden_channel_is_not_shown(world: World) -> None:
    channel = make_channel()
    world.publish("Waterwheel", channel=channel)
    channels_store.set_hidden(channel.owner_id, is_hidden=True)
    assert world.ids("/api/search?q=waterwheel") == []
    assert world.get(f"/api/channels/{channel.channel_id}/videos").status == 404


def test_events_that_come_twice_late_or_in_the_wrong_order_end_in_the_truth(world: World) -> None:
    video = world.publish("Waterwheel")
    renamed = world.change(video, details=video.details.model_copy(update={"title": "Windmill"}))
    world.tell(changed(renamed), changed(video))
    assert (world.ids("/api/search?q=windmill"), world.ids("/api/search?q=waterwheel")) == ([video.video_id], [])

    hidden = world.change(video, visibility=Visibility.PRIVATE)
    world.tell(unpublished(hidden), changed(video), unpublished(hidden))
    forget_container()
    assert world.ids("/api/search?q=windmill") == []

    world.change(video, visibility=Visibility.PUBLIC)
    # The news that it is back was overtaken by that of its hiding.
    world.tell(changed(video), unpublished(hidden))
    forget_container()
    assert world.ids("/api/search?q=windmill") == [video.video_id]


def test_pages_neither_repeat_nor_skip_while_better_videos_are_published(world: World) -> None:
    videos = {world.publish("Mill", description="x " * number).video_id for number in range(9)}
    first = world.get("/api/search?q=mill&limit=4").json

    better = [world.publish("Mill mill") for _ in range(3)]
    forget_container()
    rest = world.all_ids("/api/search?q=mill&limit=4", behind=first["next_cursor"])

    seen = [item["video_id"] for item in first["items"]] + rest
    assert len(seen) == len(set(seen))
    assert set(seen) == videos | {video.video_id for video in better}


def test_a_cold_start_takes_the_stored_index_and_what_changed_since(world: World) -> None:
    stored, edited, gone = (world.publish(f"Mill {word}") for word in ("one", "two", "three"))
    assert world.refresh()["indexed"] == 3
    renamed = world.change(edited, details=edited.details.model_copy(update={"title": "Wheel"}))
    world.change(gone, deleted_at=now())
    new = world.publish("Mill four")
    world.tell(changed(renamed), deleted(gone))

    forget_container()

    assert set(world.ids("/api/search?q=mill")) == {stored.video_id, new.video_id}
    assert world.ids("/api/search?q=wheel") == [edited.video_id]


def test_the_index_is_stored_only_when_something_changed_and_old_ones_are_removed(world: World) -> None:
    for number in range(5):
        world.publish(f"Mill {number}")
        assert world.refresh()["indexed"] == number + 1
    assert world.refresh()["indexed"] == 0
    assert len(world.stored_indexes()) == 3


def test_a_lost_index_is_made_anew_from_every_listed_video(world: World) -> None:
    kept, gone = world.publish("Mill"), world.publish("Mill")
    world.refresh()
    world.tell(deleted(gone))
    world.change(gone, deleted_at=now())
    dynamodb = world.server.client("dynamodb")
    for item in dynamodb.scan(TableName=world.tables["DISCOVERY_TABLE"])["Items"]:
        if item["pk"]["S"] == "CHANGES":
            dynamodb.delete_item(TableName=world.tables["DISCOVERY_TABLE"], Key={"pk": item["pk"], "sk": item["sk"]})

    assert world.refresh()["indexed"] == 1
    forget_container()
    assert world.ids("/api/search?q=mill") == [kept.video_id]


@pytest.mark.parametrize("body", [None, b"", b"not an archive"])
def test_a_stored_index_that_cannot_be_read_is_made_anew(world: World, body: bytes | None) -> None:
    old = world.publish("Mill one")
    world.refresh()
    s3, (key,) = world.server.client("s3"), world.stored_indexes()
    if body is None:
        s3.delete_object(Bucket=world.bucket, Key=key)
    else:
        s3.put_object(Bucket=world.bucket, Key=key, Body=body)
    new = world.publish("Mill two")

    forget_container()
    assert new.video_id in world.ids("/api/search?q=mill")
    assert world.refresh()["indexed"] == 2
    forget_container()
    assert set(world.ids("/api/search?q=mill")) == {old.video_id, new.video_id}


def test_of_two_who_store_an_index_at_once_one_wins_and_nothing_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.publish("Mill one")
    replace_snapshot = store.replace_snapshot

    def overtaken(before: object, after: object) -> None:
        monkeypatch.setattr(store, "replace_snapshot", replace_snapshot)
        world.refresh()
        replace_snapshot(before, after)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "replace_snapshot", overtaken)
    assert world.refresh()["indexed"] == 0

    second = world.publish("Mill two")
    world.refresh()
    forget_container()
    assert set(world.ids("/api/search?q=mill")) == {first.video_id, second.video_id}


def test_a_renamed_channel_is_found_by_its_new_name(world: World) -> None:
    channel = make_channel("Windmills")
    video = world.publish("Restoring", channel=channel)
    assert world.ids("/api/search?q=windmills") == [video.video_id]

    channels_store.change(channel, replace(channel, name="Waterwheels"))
    world.tell(ChannelChanged(channel_id=channel.channel_id, owner_id=channel.owner_id))
    forget_container()

    assert world.ids("/api/search?q=waterwheels") == [video.video_id]


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("/api/search", "q"),
        ("/api/search?q=", "q"),
        (f"/api/search?q={'x' * 201}", "q"),
        ("/api/search?q=mill&limit=51", "limit"),
        ("/api/search?q=mill&limit=0", "limit"),
        ("/api/search?q=mill&cursor=AAAA", "cursor"),
        (f"/api/search?q=mill&cursor={'A' * 2000}", "cursor"),
        ("/api/search?q=mill&sort=best", "sort"),
        ("/api/categories/music?cursor=AAAA", "cursor"),
        ("/api/feed/home?cursor=e30", "cursor"),
        ("/api/feed/trending?cursor=eyJyYW5raW5nIjoxfQ", "cursor"),
    ],
)
def test_what_makes_no_sense_is_refused(world: World, target: str, field: str) -> None:
    answer = world.get(target)
    assert answer.status == 422, answer.body
    assert field in answer.refused_fields


def test_a_table_that_does_not_answer_leaves_what_was_known(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    video = world.publish("Mill")
    assert world.ids("/api/search?q=mill") == [video.video_id]
    monkeypatch.setenv("DISCOVERY_TABLE", "not-there")
    store.forget()
    assert world.ids("/api/search?q=mill") == [video.video_id]
    forget_container()
    answer = world.get("/api/search?q=mill")
    assert (answer.status, answer.problem) == (503, "unavailable")


def test_nothing_of_a_video_that_was_never_listed_is_indexed(world: World) -> None:
    from millrace.videos import store as videos_store

    video = listed("Secret plans", visibility=Visibility.PRIVATE)
    videos_store.create(video)
    world.tell(changed(video))
    assert world.refresh()["indexed"] == 0
    index = world.stored_indexes()[0]
    body = clients.s3().get_object(Bucket=world.bucket, Key=index)["Body"].read()
    assert b"secret" not in body


def test_the_following_feed_needs_somebody_who_follows(world: World) -> None:
    channel, other = make_channel(), make_channel()
    reader = person()
    assert world.get("/api/feed/following").status == 401
    assert world.ids("/api/feed/following", reader) == []

    follows.add(Follow(reader.user_id, channel.channel_id, now()))
    wanted = [world.publish(f"Mill {number}", channel=channel).video_id for number in range(5)]
    world.publish("Other", channel=other)
    forget_container()

    assert world.all_ids("/api/feed/following?limit=2", reader) == wanted[::-1]


def test_an_event_that_cannot_be_noted_is_left_to_be_delivered_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = listed("Mill")
    monkeypatch.setenv("DISCOVERY_TABLE", "not-there")
    store.forget()
    with pytest.raises(DiscoveryUnavailable):
        world.tell(changed(video))
