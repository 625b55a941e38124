"""A video's life through the API: described, published, hidden, scheduled, taken down, deleted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import VideoId
from millrace.videos import service, store
from millrace.videos.settling import media, objects
from millrace.videos.settling import service as settling
from tests.integration.emulator.servers import eventually
from tests.integration.gateway import Gateway
from tests.integration.videos.conftest import FILES, Owner, World, settle, somebody

ALL = set(FILES)
NOTHING: set[str] = set()


def kinds(world: World, video_id: str, *wanted: str) -> None:
    """Wait for these events about the video, in this order."""
    heard: list[str] = []

    def told() -> None:
        heard.extend(kind for kind, _ in world.heard(video_id))
        assert heard == list(wanted)

    eventually(told)


def test_what_an_owner_says_is_what_viewers_read(owner: Owner, catalog: Gateway) -> None:
    said = {
        "title": "<script>alert('mill')</script>",
        "description": "Line one\n<b>two</b>",
        "tags": ["Water", "wheel"],
        "category": "technology",
        "language": "de-AT",
        "age_restricted": True,
    }
    video_id = owner.ready(**said)
    answer = catalog.call("GET", f"/api/videos/{video_id}", caller=somebody())
    assert {name: answer.json[name] for name in said} == said
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.json["owner"] is None
    assert owner.video(video_id)["owner"]["version"] >= 1


def test_a_change_changes_what_it_names_and_nothing_else(owner: Owner) -> None:
    video_id = owner.ready(tags=["a"], category="music", language="en")
    before = owner.video(video_id)
    chapters = [{"start_ms": 30_000, "title": "Wheel"}, {"start_ms": 0, "title": "River"}]
    after = owner.change(video_id, title=" New  name ", category=None, chapters=chapters)
    assert after["title"] == "New name"
    assert [chapter["start_ms"] for chapter in after["chapters"]] == [0, 30_000]
    assert after["category"] is None
    assert (after["tags"], after["language"]) == (["a"], "en")
    assert after["owner"]["version"] == before["owner"]["version"] + 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": None}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"tags": ["x" * 41]}, "tags.0"),
        ({"category": "nonsense"}, "category"),
        ({"chapters": [{"start_ms": 5, "title": "late"}]}, "chapters"),
        ({"chapters": [{"start_ms": 0, "title": "a"}, {"start_ms": 60_000, "title": "b"}]}, "chapters"),
        ({"rules": {"allowed_countries": ["at"]}}, "rules.allowed_countries.0"),
        ({"rules": {"unknown": 1}}, "rules.unknown"),
        ({"owner_id": "somebody"}, "owner_id"),
        ({"state": "ready"}, "state"),
        ({"taken_down": None}, "taken_down"),
        ({"version": 7}, "version"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(owner: Owner, changes: dict[str, Any], field: str) -> None:
    video_id = owner.ready()
    before = owner.video(video_id)
    answer = owner.call("PATCH", f"/api/videos/{video_id}", changes)
    assert answer.status == 422
    assert field in answer.refused_fields
    assert owner.video(video_id) == before


def test_an_edit_can_name_the_version_that_it_changes(owner: Owner) -> None:
    video_id = owner.ready()
    tag = owner.call("GET", f"/api/videos/{video_id}").headers["ETag"]
    first = owner.call("PATCH", f"/api/videos/{video_id}", {"title": "One"}, If_Match=tag)
    assert (first.status, first.headers["ETag"] != tag) == (200, True)
    assert owner.call("PATCH", f"/api/videos/{video_id}", {"title": "Two"}, If_Match=tag).status == 412
    assert owner.video(video_id)["title"] == "One"


def test_a_first_upload_makes_a_channel_and_others_cannot_be_used(
    owner: Owner, make_owner: Callable[[], Owner]
) -> None:
    mine = owner.begin()["video"]["channel_id"]
    assert owner.begin(channel_id=mine)["video"]["channel_id"] == mine
    draft = {"title": "Mill", "filename": "mill.mp4", "size_bytes": 1, "channel_id": mine}
    answer = make_owner().call("POST", "/api/videos", draft)
    assert (answer.status, answer.problem) == (403, "not-your-channel")


def test_another_ones_video_cannot_be_touched(owner: Owner, make_owner: Callable[[], Owner]) -> None:
    video_id = owner.ready()
    before = owner.video(video_id)
    other = make_owner()
    path = f"/api/videos/{video_id}"
    tries: list[tuple[str, str, object]] = [
        ("PATCH", path, {"title": "Mine"}),
        ("DELETE", path, None),
        ("POST", f"{path}/publish", {}),
        ("POST", f"{path}/unpublish", None),
        ("GET", f"{path}/upload", None),
        ("POST", f"{path}/replacement", {"filename": "a", "size_bytes": 1}),
        ("DELETE", f"{path}/replacement", None),
        ("POST", f"{path}/retry", None),
    ]
    for method, target, body in tries:
        assert other.call(method, target, body).status == 404, (method, target)
        assert other.catalog.call(method, target, body).status == 401, (method, target)
    assert owner.video(video_id) == before


def test_publishing_and_hiding_are_announced_once_each(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    kinds(world, video_id, "VideoUploaded", "VideoPlayable", "VideoReady", "VideoPublished")
    settle(video_id)
    owner.change(video_id, title="Other")
    kinds(world, video_id, "VideoChanged")
    owner.change(video_id, visibility="unlisted")
    kinds(world, video_id, "VideoUnpublished")
    owner.change(video_id, visibility="public")
    kinds(world, video_id, "VideoPublished")


def test_an_unlisted_video_needs_its_link_and_is_in_no_list(owner: Owner, catalog: Gateway) -> None:
    video_id = owner.ready(visibility="unlisted")
    assert catalog.call("GET", f"/api/videos/{video_id}").json["status"] == "unlisted"
    assert service.get_public([VideoId(video_id)]) == {}
    assert catalog.call("POST", f"/api/videos/{video_id}/playback").status == 200


def test_media_follows_the_visibility_and_leaves_nothing_behind(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    assert world.media_of(video_id) == {"public": ALL, "private": NOTHING}

    hidden = owner.change(video_id, visibility="private")
    assert world.media_of(video_id) == {"public": NOTHING, "private": ALL}
    assert f"/media/public/{video_id}/*" in world.invalidated()
    assert "/media/private/" in hidden["playback"]["hls_url"]

    shown = owner.change(video_id, visibility="unlisted")
    assert world.media_of(video_id) == {"public": ALL, "private": NOTHING}
    assert "/media/public/" in shown["playback"]["hls_url"]
    key = shown["playback"]["hls_url"].partition("/media/")[2]
    copied = world.server.client("s3").get_object(Bucket=world.media, Key=f"media/{key}")
    assert copied["ContentType"] == "video/mp4"


def test_a_draft_is_its_owners_until_it_is_published(owner: Owner, catalog: Gateway, world: World) -> None:
    video_id = owner.ready(draft=True)
    assert owner.video(video_id)["status"] == "draft"
    assert catalog.call("GET", f"/api/videos/{video_id}").status == 404
    assert world.media_of(video_id) == {"public": NOTHING, "private": ALL}

    published = owner.call("POST", f"/api/videos/{video_id}/publish", {})
    assert published.json["status"] == "published"
    assert published.json["published_at"] is not None
    settle(video_id)
    assert catalog.call("GET", f"/api/videos/{video_id}").status == 200
    assert world.media_of(video_id) == {"public": ALL, "private": NOTHING}

    assert owner.call("POST", f"/api/videos/{video_id}/unpublish").json["status"] == "draft"
    assert catalog.call("GET", f"/api/videos/{video_id}").status == 404


def test_a_scheduled_video_waits_for_its_hour(
    owner: Owner, catalog: Gateway, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = now() + timedelta(hours=3)
    video_id = owner.ready(publish_at=hour.isoformat())
    assert owner.video(video_id)["status"] == "scheduled"
    assert catalog.call("GET", f"/api/videos/{video_id}").status == 404
    again = settle(video_id).look_again_at
    assert again is not None
    assert hour <= again <= hour + timedelta(seconds=2)

    monkeypatch.setattr(settling, "now", lambda: again)
    world.heard(video_id)
    assert settle(video_id).look_again_at is None
    assert catalog.call("GET", f"/api/videos/{video_id}").json["status"] == "published"
    assert datetime.fromisoformat(owner.video(video_id)["published_at"]) == hour
    assert world.media_of(video_id) == {"public": ALL, "private": NOTHING}
    kinds(world, video_id, "VideoPublished")


@pytest.mark.parametrize("hours", [-1, 24 * 400])
def test_an_hour_that_nobody_can_wait_for_is_refused(owner: Owner, hours: int) -> None:
    video_id = owner.ready(draft=True)
    wanted = {"publish_at": (now() + timedelta(hours=hours)).isoformat()}
    answer = owner.call("POST", f"/api/videos/{video_id}/publish", wanted)
    assert answer.refused_fields.keys() == {"publish_at"}


def test_a_video_taken_down_is_only_its_owners_who_reads_why(owner: Owner, catalog: Gateway, world: World) -> None:
    video_id = owner.ready()
    moderator = somebody("moderator")
    kinds(world, video_id, "VideoUploaded", "VideoPlayable", "VideoReady", "VideoPublished")
    service.take_down(VideoId(video_id), "Shows a wheel without its guard.", moderator.user_id)
    settle(video_id)

    seen = owner.video(video_id)
    assert (seen["status"], seen["owner"]["taken_down"]["reason"]) == ("taken_down", "Shows a wheel without its guard.")
    assert "by" not in seen["owner"]["taken_down"]
    assert catalog.call("GET", f"/api/videos/{video_id}", caller=somebody()).status == 404
    assert catalog.call("GET", f"/api/videos/{video_id}", caller=moderator).json["owner"] is None
    assert world.media_of(video_id) == {"public": NOTHING, "private": ALL}
    assert owner.call("POST", f"/api/videos/{video_id}/publish", {}).problem == "taken-down"
    assert owner.change(video_id, visibility="public")["status"] == "taken_down"
    kinds(world, video_id, "VideoTakenDown", "VideoUnpublished")

    service.restore(VideoId(video_id))
    settle(video_id)
    assert catalog.call("GET", f"/api/videos/{video_id}").json["status"] == "published"
    assert world.media_of(video_id) == {"public": ALL, "private": NOTHING}


def test_a_deleted_video_is_gone_at_once_and_its_bytes_with_it(
    owner: Owner, catalog: Gateway, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = owner.ready()
    assert owner.call("DELETE", f"/api/videos/{video_id}").status == 204
    for caller in (None, owner.caller):
        assert catalog.call("GET", f"/api/videos/{video_id}", caller=caller).status == 404
    assert owner.call("GET", "/api/videos").json["items"] == []
    assert owner.call("DELETE", f"/api/videos/{video_id}").status == 404

    last_look = settle(video_id).look_again_at
    assert world.media_of(video_id) == {"public": NOTHING, "private": NOTHING}
    assert world.keys(world.uploads, f"uploads/{video_id}/") | world.keys(world.uploads, f"work/{video_id}/") == set()
    assert f"/media/private/{video_id}/*" in world.invalidated()
    kinds(
        world,
        video_id,
        *("VideoUploaded", "VideoPlayable", "VideoReady", "VideoPublished", "VideoUnpublished", "VideoDeleted"),
    )

    # An encoder that still ran: what it wrote goes too, and then the record.
    late = f"media/public/{video_id}/late/seg.m4s"
    world.server.client("s3").put_object(Bucket=world.media, Key=late, Body=b"late")
    assert last_look is not None
    monkeypatch.setattr(settling, "now", lambda: last_look)
    assert settle(video_id).look_again_at is None
    assert world.media_of(video_id)["public"] == NOTHING
    assert store.find(VideoId(video_id)) is None


def test_deleting_during_the_upload_ends_the_upload(owner: Owner, world: World) -> None:
    made = owner.begin()
    video_id = made["video"]["video_id"]
    owner.call("DELETE", f"/api/videos/{video_id}")
    settle(video_id)
    open_uploads = world.server.client("s3").list_multipart_uploads(Bucket=world.uploads).get("Uploads", [])
    assert not [item for item in open_uploads if video_id in item["Key"]]


def test_the_list_of_ones_own_can_be_asked_by_status(owner: Owner, make_owner: Callable[[], Owner]) -> None:
    make_owner().ready()
    published, draft = owner.ready(), owner.ready(draft=True)
    unlisted, uploading = owner.ready(visibility="unlisted"), owner.begin()["video"]["video_id"]
    down = owner.ready()
    service.take_down(VideoId(down), "No.", somebody("moderator").user_id)
    scheduled = owner.ready(publish_at=(now() + timedelta(days=1)).isoformat())
    expected = {
        "published": published,
        "draft": draft,
        "unlisted": unlisted,
        "uploading": uploading,
        "taken_down": down,
        "scheduled": scheduled,
    }
    for status, video_id in expected.items():
        found = owner.call("GET", f"/api/videos?status={status}").json["items"]
        assert [(item["video_id"], item["status"]) for item in found] == [(video_id, status)]
    for status in ("private", "failed", "processing"):
        assert owner.call("GET", f"/api/videos?status={status}").json["items"] == []
    assert owner.call("GET", "/api/videos?status=deleted").status == 422


def test_a_list_is_walked_by_cursors_to_its_end(owner: Owner) -> None:
    wanted = [owner.begin()["video"]["video_id"] for _ in range(5)][::-1]
    found, cursor = [], ""
    while True:
        page = owner.call("GET", f"/api/videos?limit=2{cursor}").json
        found += [item["video_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == wanted


def test_edits_at_the_same_moment_all_count(owner: Owner) -> None:
    video_id = owner.ready()
    before = owner.video(video_id)["owner"]["version"]
    changes: list[dict[str, Any]] = [{"title": "New"}, {"language": "fr"}, {"age_restricted": True}]
    with ThreadPoolExecutor(3) as threads:
        answers = list(
            threads.map(lambda change: service.edit(VideoId(video_id), owner.caller.user_id, _change(change)), changes)
        )
    assert len(answers) == 3
    after = owner.video(video_id)
    assert (after["title"], after["language"], after["age_restricted"]) == ("New", "fr", True)
    assert after["owner"]["version"] == before + 3


def _change(fields: dict[str, Any]) -> Callable[[Any], Any]:
    return lambda video: video.model_copy(update={"details": video.details.model_copy(update=fields)})


def test_only_one_settles_the_media_at_a_time(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    video_id = owner.ready()
    owner.call("PATCH", f"/api/videos/{video_id}", {"visibility": "private"})
    copying = objects.copy

    def copy_while_another_tries(bucket: str, pairs: Any) -> None:
        monkeypatch.setattr(objects, "copy", copying)
        with pytest.raises(media.MediaBusy):
            settle(video_id)
        copying(bucket, pairs)

    monkeypatch.setattr(objects, "copy", copy_while_another_tries)
    settle(video_id)
    assert "/media/private/" in owner.video(video_id)["playback"]["hls_url"]


def test_who_hides_a_video_while_it_is_being_opened_has_nothing_in_the_open(
    owner: Owner, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = owner.ready(visibility="private")
    owner.call("PATCH", f"/api/videos/{video_id}", {"visibility": "public"})
    copying = objects.copy

    def copy_then_hide(bucket: str, pairs: Any) -> None:
        copying(bucket, pairs)
        owner.call("PATCH", f"/api/videos/{video_id}", {"visibility": "private"})

    monkeypatch.setattr(objects, "copy", copy_then_hide)
    with pytest.raises(media.RecordChanged):
        settle(video_id)
    monkeypatch.setattr(objects, "copy", copying)
    settle(video_id)
    assert world.media_of(video_id) == {"public": NOTHING, "private": ALL}
    assert f"/media/public/{video_id}/*" in world.invalidated()


@pytest.mark.parametrize("broken", ["copy", "delete", "purge"])
def test_a_move_that_breaks_off_anywhere_is_finished_by_the_next_try(
    owner: Owner, world: World, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    video_id = owner.ready()
    owner.call("PATCH", f"/api/videos/{video_id}", {"visibility": "private"})
    before = world.invalidated()

    def broken_off(*_args: object) -> None:
        raise ConnectionError

    working = getattr(objects, broken)
    monkeypatch.setattr(objects, broken, broken_off)
    with pytest.raises(ConnectionError):
        settle(video_id)
    monkeypatch.setattr(objects, broken, working)
    settle(video_id)
    assert world.media_of(video_id) == {"public": NOTHING, "private": ALL}
    assert f"/media/public/{video_id}/*" in world.invalidated() - before


def test_an_account_that_ends_leaves_no_video(owner: Owner, make_owner: Callable[[], Owner]) -> None:
    kept = make_owner()
    other = kept.ready()
    for _ in range(3):
        owner.begin()
    assert service.delete_all_of(owner.caller.user_id) == 3
    assert owner.call("GET", "/api/videos").json["items"] == []
    assert kept.video(other)["video_id"] == other


def test_each_change_starts_a_workflow_of_its_own(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    version = owner.video(video_id)["owner"]["version"]
    owner.change(video_id, title="Again")
    owner.change(video_id, title="Again")
    assert {f"{video_id}-{version}", f"{video_id}-{version + 1}"} <= world.executions("settle")
    assert f"{video_id}-{version + 2}" not in world.executions("settle")


def test_a_moderator_sees_what_is_closed_and_a_viewer_who_says_so_does_not(owner: Owner, catalog: Gateway) -> None:
    video_id = owner.ready(visibility="private")
    path = f"/api/videos/{video_id}"
    assert catalog.call("GET", path, caller=Caller(somebody().user_id, frozenset({"admin"}))).status == 200
    assert catalog.call("GET", path, caller=Caller(somebody().user_id, frozenset({"administrator"}))).status == 404
