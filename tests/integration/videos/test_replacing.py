"""A new file for an old video, and another try for one that failed."""

from datetime import timedelta
from typing import Any

import pytest

from millrace.platform.clock import now
from millrace.platform.ids import UploadId, VideoId
from millrace.transcode.failure import fail_video
from millrace.transcode.model import FailureTask
from millrace.videos import store
from millrace.videos.processing import service as processing
from millrace.videos.settling import media
from tests.integration.emulator.servers import eventually
from tests.integration.gateway import Gateway
from tests.integration.videos.conftest import FILES, FILM, Owner, World, settle

NEW_FILE = {"filename": "better.mp4", "size_bytes": 22}


def replace(owner: Owner, video_id: str) -> dict[str, Any]:
    answer = owner.call("POST", f"/api/videos/{video_id}/replacement", NEW_FILE)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json
    return made


def fail(video_id: str, upload_id: str) -> None:
    """Do what the workflow does at the end of its tries."""
    fail_video(FailureTask(video_id=VideoId(video_id), upload_id=UploadId(upload_id), error="States.Timeout"))


def test_the_old_version_plays_until_the_new_one_is_ready(
    owner: Owner, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = owner.ready()
    old = owner.video(video_id)
    upload_id = replace(owner, video_id)["upload"]["upload_id"]
    assert owner.call("GET", f"/api/videos/{video_id}/upload").json["upload_id"] == upload_id

    owner.arrive(video_id, upload_id)
    processing.record_film(VideoId(video_id), UploadId(upload_id), FILM)
    processing.record_chunk(processing.in_processing(VideoId(video_id), UploadId(upload_id)), 1)
    settle(video_id)
    during = owner.video(video_id)
    assert (during["state"], during["playback"]) == ("ready", old["playback"])
    assert during["owner"]["replacement"]["state"] == "processing"
    assert 40 < during["owner"]["replacement"]["progress_percent"] < 60

    owner.process(video_id, upload_id)
    after = owner.video(video_id)
    assert after["owner"]["replacement"] is None
    assert upload_id in after["playback"]["hls_url"]
    assert after["owner"]["filename"] == "better.mp4"
    assert after["published_at"] == old["published_at"]
    # Who has the old one open may watch it to its end, and no longer.
    assert len(world.media_of(video_id)["public"]) == len(FILES)
    assert len(world.keys(world.media, f"media/public/{video_id}/")) == 2 * len(FILES)
    until = now() + processing.PREVIOUS_KEPT + timedelta(minutes=1)
    monkeypatch.setattr(media, "now", lambda: until)
    settle(video_id)
    assert len(world.keys(world.media, f"media/public/{video_id}/")) == len(FILES)
    assert upload_id in owner.video(video_id)["playback"]["hls_url"]


def test_hiding_a_replaced_video_hides_its_old_version_at_once(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    owner.process(video_id, replace(owner, video_id)["upload"]["upload_id"])
    owner.change(video_id, visibility="private")
    assert world.keys(world.media, f"media/public/{video_id}/") == set()
    assert len(world.keys(world.media, f"media/private/{video_id}/")) == len(FILES)


def test_a_replacement_that_fails_leaves_the_old_version_alone(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    upload_id = replace(owner, video_id)["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    fail(video_id, upload_id)
    found = owner.video(video_id)
    assert found["state"] == "ready"
    assert found["owner"]["replacement"]["failure"]["code"] == "internal"
    assert len(world.keys(world.media, f"media/public/{video_id}/")) == len(FILES)


def test_a_newer_replacement_takes_the_place_of_an_older(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    first = replace(owner, video_id)["upload"]["upload_id"]
    second = replace(owner, video_id)["upload"]["upload_id"]
    open_keys = {
        item["Key"]
        for item in world.server.client("s3").list_multipart_uploads(Bucket=world.uploads).get("Uploads", [])
    }
    assert f"uploads/{video_id}/{second}/source" in open_keys
    assert f"uploads/{video_id}/{first}/source" not in open_keys
    assert not processing.receive_upload(VideoId(video_id), UploadId(first))
    owner.process(video_id, second)
    assert second in owner.video(video_id)["playback"]["hls_url"]


def test_a_cancelled_replacement_is_forgotten_even_if_it_arrives(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    before = owner.video(video_id)
    upload_id = replace(owner, video_id)["upload"]["upload_id"]
    cancelled = owner.call("DELETE", f"/api/videos/{video_id}/replacement")
    assert cancelled.json["owner"]["replacement"] is None
    assert not processing.receive_upload(VideoId(video_id), UploadId(upload_id))
    assert owner.call("DELETE", f"/api/videos/{video_id}/replacement").status == 200
    assert owner.video(video_id)["playback"] == before["playback"]


def test_a_video_on_its_way_cannot_be_replaced(owner: Owner) -> None:
    video_id = owner.begin()["video"]["video_id"]
    answer = owner.call("POST", f"/api/videos/{video_id}/replacement", NEW_FILE)
    assert (answer.status, answer.problem) == (409, "still-processing")


def test_a_failed_upload_can_be_replaced_too(owner: Owner) -> None:
    made = owner.begin()
    video_id = made["video"]["video_id"]
    owner.arrive(video_id, made["upload"]["upload_id"])
    fail(video_id, made["upload"]["upload_id"])
    assert owner.video(video_id)["status"] == "failed"
    owner.process(video_id, replace(owner, video_id)["upload"]["upload_id"])
    found = owner.video(video_id)
    assert (found["status"], found["failure"]) == ("published", None)


def test_failed_processing_is_tried_again_under_a_name_of_its_own(owner: Owner, world: World) -> None:
    made = owner.begin()
    video_id, upload_id = made["video"]["video_id"], made["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    assert owner.call("POST", f"/api/videos/{video_id}/retry").problem == "nothing-to-retry"
    fail(video_id, upload_id)
    for _ in range(2):
        answer = owner.call("POST", f"/api/videos/{video_id}/retry")
        assert (answer.status, answer.json["state"], answer.json["failure"]) == (202, "processing", None)
    started = {name for name in world.executions("transcode") if name.startswith(video_id)}
    assert started == {f"{video_id}-{upload_id}", f"{video_id}-{upload_id}-2"}
    processing.record_film(VideoId(video_id), UploadId(upload_id), FILM)
    processing.publish(VideoId(video_id), UploadId(upload_id))
    assert owner.video(video_id)["status"] == "published"
    assert owner.call("POST", f"/api/videos/{video_id}/retry").problem == "nothing-to-retry"


def test_an_upload_that_never_arrived_cannot_be_tried_again(owner: Owner) -> None:
    made = owner.begin()
    video_id = made["video"]["video_id"]
    fail(video_id, made["upload"]["upload_id"])
    assert owner.call("POST", f"/api/videos/{video_id}/retry").problem == "nothing-to-retry"


def test_a_failed_replacement_is_what_is_tried_again(owner: Owner) -> None:
    video_id = owner.ready()
    upload_id = replace(owner, video_id)["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    fail(video_id, upload_id)
    answer = owner.call("POST", f"/api/videos/{video_id}/retry")
    assert (answer.json["state"], answer.json["owner"]["replacement"]["state"]) == ("ready", "processing")


def test_what_a_deleted_videos_workflow_leaves_is_removed(owner: Owner, world: World) -> None:
    made = owner.begin()
    video_id, upload_id = made["video"]["video_id"], made["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    owner.call("DELETE", f"/api/videos/{video_id}")
    settle(video_id)
    key = f"media/public/{video_id}/{upload_id}/seg.m4s"
    world.server.client("s3").put_object(Bucket=world.media, Key=key, Body=b"late")
    fail(video_id, upload_id)
    assert world.keys(world.media, f"media/public/{video_id}/") == set()
    assert [kind for kind, _ in world.heard(video_id) if kind == "VideoFailed"] == []


def test_visibility_changed_during_processing_is_what_counts_in_the_end(
    owner: Owner, world: World, catalog: Gateway
) -> None:
    made = owner.begin()
    video_id, upload_id = made["video"]["video_id"], made["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    owner.change(video_id, visibility="private")
    owner.process(video_id, upload_id)
    assert world.keys(world.media, f"media/public/{video_id}/") == set()
    assert len(world.keys(world.media, f"media/private/{video_id}/")) == len(FILES)
    assert catalog.call("GET", f"/api/videos/{video_id}").status == 404
    found = store.get(VideoId(video_id))
    assert found.home == "private"

    def announced() -> None:
        assert "VideoPublished" not in [kind for kind, _ in world.heard(video_id)]

    eventually(announced)
