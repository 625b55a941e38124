"""Views: counted once, whatever comes how often, and weighed by their age."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.discovery import store, views
from millrace.platform.clock import now
from millrace.platform.events import VideoPublished, VideoViewed
from millrace.platform.ids import UserId, VideoId, new_id
from tests.integration.discovery.conftest import World, forget_container

OWNER = UserId(new_id())


def view(video_id: str, viewer: str) -> VideoViewed:
    return VideoViewed(video_id=VideoId(video_id), owner_id=OWNER, viewer=viewer)


def watch(world: World, video_id: str, *viewers: str) -> dict[str, Any]:
    """Let the consumer take views, as the queue would deliver them."""
    return deliver(world, *(view(video_id, viewer) for viewer in viewers))


def deliver(world: World, *events: Any) -> dict[str, Any]:
    bodies = [
        event
        if isinstance(event, str)
        else json.dumps({"detail-type": type(event).__name__, "detail": event.model_dump(mode="json")})
        for event in events
    ]
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
    answer: dict[str, Any] = world.count_views.handler({"Records": records}, None)
    return answer


def counted(video_id: str) -> int:
    return store.views_of(views.hour_now()).get(VideoId(video_id), 0)


def test_a_viewer_counts_once_a_day_however_often_the_event_comes(world: World) -> None:
    video_id = new_id()
    assert watch(world, video_id, "ada", "bob", "ada") == {"batchItemFailures": []}
    watch(world, video_id, "bob", "eve")
    assert counted(video_id) == 3


def test_more_viewers_than_one_transaction_takes(world: World) -> None:
    video_id = new_id()
    watch(world, video_id, *(f"viewer {number}" for number in range(250)))
    watch(world, video_id, *(f"viewer {number}" for number in range(240, 260)))
    assert counted(video_id) == 260


def test_counts_are_exact_when_many_count_at_once(world: World) -> None:
    video_id = new_id()

    def deliver_batch(start: int) -> None:
        # Every batch overlaps the next by half, as repeated deliveries do.
        watch(world, video_id, *(f"viewer {number}" for number in range(start, start + 20)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deliver_batch, range(0, 100, 10)))

    assert counted(video_id) == 110


def test_what_is_no_view_goes_back_and_does_not_hold_up_the_others(world: World) -> None:
    video_id = new_id()
    other = VideoPublished(video_id=VideoId(video_id), owner_id=OWNER)
    answer = deliver(world, view(video_id, "ada"), "{", other, "{}", view(video_id, "bob"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": number} for number in ("1", "2", "3")]}
    assert counted(video_id) == 2


def test_views_go_back_to_the_queue_while_the_table_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCOVERY_TABLE", "not-there")
    store.forget()
    assert watch(world, new_id(), "ada") == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_trending_follows_the_last_days(world: World, at_hour: Callable[[datetime], None]) -> None:
    old, new = world.publish("Old"), world.publish("New")
    begin = now()
    watch(world, old.video_id, *(f"viewer {number}" for number in range(8)))
    world.refresh()
    assert world.ids("/api/feed/trending") == [old.video_id]

    at_hour(begin + timedelta(days=3))
    watch(world, new.video_id, "ada", "bob")
    world.refresh()
    forget_container()
    assert world.ids("/api/feed/trending") == [new.video_id, old.video_id]

    at_hour(begin + timedelta(days=60))
    world.refresh()
    forget_container()
    assert world.ids("/api/feed/trending") == []


def test_an_hour_is_weighed_once_however_often_scores_are_refreshed(
    world: World, at_hour: Callable[[datetime], None]
) -> None:
    from millrace.discovery import popularity

    video = world.publish("Mill")
    begin = now()
    watch(world, video.video_id, "ada", "bob", "eve", "zoe")
    for minutes in (1, 2, 55, 70, 130, 190, 200):
        at_hour(begin + timedelta(minutes=minutes))
        world.refresh()
    scores = popularity.load()
    assert scores is not None
    assert 3.5 < scores.trend[video.video_id] <= 4


def test_search_learns_what_is_popular(world: World) -> None:
    quiet, popular = world.publish("Mill"), world.publish("Mill")
    popular, quiet = sorted((quiet, popular), key=lambda video: video.published_at or now())
    watch(world, popular.video_id, *(f"viewer {number}" for number in range(40)))
    forget_container()
    world.refresh()
    assert world.ids("/api/search?q=mill") == [popular.video_id, quiet.video_id]
