"""A poster of the owner's own: clean, where the video is, and gone with it."""

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from millrace.platform.ids import UploadId, VideoId
from millrace.videos.model import Pictures
from millrace.videos.places import UploadPlace, candidate_name
from millrace.videos.processing import service as processing
from tests.integration.videos.conftest import Owner, World, settle
from tests.unit.media.test_picture import chunk, png


def upload(owner: Owner, video_id: str, data: bytes, content_type: str = "image/png") -> str:
    draft = {"content_type": content_type, "size_bytes": len(data)}
    made = owner.call("POST", f"/api/videos/{video_id}/poster", draft)
    assert made.status == 201, made.body
    request = urllib.request.Request(made.json["url"], data=data, method="PUT", headers=made.json["headers"])
    urllib.request.urlopen(request, timeout=10).close()
    return str(made.json["poster_id"])


def choose(owner: Owner, video_id: str, poster_id: str) -> Any:
    return owner.call("PUT", f"/api/videos/{video_id}/poster", {"poster_id": poster_id})


def shown(world: World, url: str) -> bytes:
    key = "media/" + url.partition("/media/")[2]
    body: bytes = world.server.client("s3").get_object(Bucket=world.media, Key=key)["Body"].read()
    return body


def test_a_chosen_picture_is_shown_clean_and_goes_where_the_video_goes(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    picture = png(width_px=640, height_px=360)
    dirty = png(chunk(b"tEXt", b"Location\x0048.2,16.3"), width_px=640, height_px=360)
    chosen = choose(owner, video_id, upload(owner, video_id, dirty))
    assert chosen.status == 200, chosen.body
    assert shown(world, chosen.json["playback"]["poster_url"]) == picture
    hidden = owner.change(video_id, visibility="private")["playback"]["poster_url"]
    assert "/media/private/" in hidden
    assert shown(world, hidden) == picture

    body = {"filename": "new.mp4", "size_bytes": 3}
    made = owner.call("POST", f"/api/videos/{video_id}/replacement", body).json
    owner.process(video_id, made["upload"]["upload_id"])
    assert shown(world, owner.video(video_id)["playback"]["poster_url"]) == picture

    dropped = owner.call("DELETE", f"/api/videos/{video_id}/poster").json["playback"]["poster_url"]
    assert dropped.endswith("/poster.jpg")
    owner.call("DELETE", f"/api/videos/{video_id}")
    settle(video_id)
    for folder in ("posters", "pictures"):
        assert world.keys(world.uploads, f"{folder}/{video_id}/") == set()


@pytest.mark.parametrize(
    "data",
    [b"<svg onload='alert(1)'/>", png(width_px=20, height_px=20), png(width_px=5000, height_px=100)],
    ids=["not a picture", "small", "large"],
)
def test_what_is_no_poster_is_refused(owner: Owner, world: World, data: bytes) -> None:
    video_id = owner.ready()
    answer = choose(owner, video_id, upload(owner, video_id, data))
    assert (answer.status, answer.problem) == (422, "poster-rejected")
    assert owner.video(video_id)["playback"]["poster_url"].endswith("/poster.jpg")


def test_a_picture_that_has_not_arrived_cannot_be_chosen(owner: Owner) -> None:
    video_id = owner.ready()
    draft = {"content_type": "image/png", "size_bytes": 10}
    poster_id = owner.call("POST", f"/api/videos/{video_id}/poster", draft).json["poster_id"]
    assert choose(owner, video_id, poster_id).problem == "poster-missing"
    assert choose(owner, video_id, "../../secret").status == 422


def draw(world: World, video_id: str, upload_id: str, *pictures: bytes) -> None:
    """Leave candidates beside the film, as the workflow does before it publishes."""
    video = processing.in_processing(VideoId(video_id), UploadId(upload_id))
    prefix = UploadPlace(VideoId(video_id), UploadId(upload_id)).media_prefix(video.home)
    for number, data in enumerate(pictures, start=1):
        key = prefix + candidate_name(number)
        world.server.client("s3").put_object(Bucket=world.media, Key=key, Body=data, ContentType="image/png")
    made = Pictures(has_storyboard=True, has_preview=True, candidate_count=len(pictures))
    assert processing.record_pictures(video, made)


def test_a_picture_of_the_film_can_be_chosen_and_outlives_the_film(owner: Owner, world: World) -> None:
    first, second = png(width_px=640, height_px=360), png(width_px=320, height_px=180)
    made = owner.begin()
    video_id, upload_id = made["video"]["video_id"], made["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    draw(world, video_id, upload_id, first, second)
    owner.process(video_id, upload_id)
    video = owner.video(video_id)
    assert [shown(world, url) for url in video["owner"]["posters"]] == [first, second]
    assert video["playback"]["storyboard_url"].endswith(f"/{upload_id}/storyboard.vtt")
    assert video["playback"]["preview_url"].endswith(f"/{upload_id}/preview.mp4")

    chosen = owner.call("PUT", f"/api/videos/{video_id}/poster", {"candidate": 2})
    assert chosen.status == 200, chosen.body
    assert shown(world, chosen.json["playback"]["poster_url"]) == second

    new = owner.call("POST", f"/api/videos/{video_id}/replacement", {"filename": "new.mp4", "size_bytes": 3}).json
    owner.process(video_id, new["upload"]["upload_id"])
    replaced = owner.video(video_id)
    assert shown(world, replaced["playback"]["poster_url"]) == second
    # This version's pictures could not be drawn: it plays all the same, and nobody is sent to the old ones.
    assert replaced["owner"]["posters"] == []
    assert (replaced["playback"]["storyboard_url"], replaced["playback"]["preview_url"]) == (None, None)


def test_pictures_of_a_replacement_wait_until_it_plays(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    new = owner.call("POST", f"/api/videos/{video_id}/replacement", {"filename": "new.mp4", "size_bytes": 3}).json
    upload_id = new["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    draw(world, video_id, upload_id, png(width_px=640, height_px=360))
    assert owner.video(video_id)["playback"]["storyboard_url"] is None
    owner.process(video_id, upload_id)
    assert owner.video(video_id)["playback"]["storyboard_url"].endswith(f"/{upload_id}/storyboard.vtt")


@pytest.mark.parametrize(
    "choice", [{}, {"candidate": 1, "poster_id": "0" * 26}, {"candidate": 0}, {"candidate": 5}], ids=str
)
def test_exactly_one_picture_is_chosen(owner: Owner, choice: dict[str, Any]) -> None:
    answer = owner.call("PUT", f"/api/videos/{owner.ready()}/poster", choice)
    assert answer.status == 422, answer.body


def test_a_candidate_that_was_never_drawn_cannot_be_chosen(owner: Owner) -> None:
    answer = owner.call("PUT", f"/api/videos/{owner.ready()}/poster", {"candidate": 1})
    assert answer.problem == "poster-missing"


def test_nobody_chooses_a_poster_for_another(owner: Owner, make_owner: Callable[[], Owner]) -> None:
    video_id, other = owner.ready(), make_owner()
    poster_id = upload(owner, video_id, png(width_px=640, height_px=360))
    assert choose(other, video_id, poster_id).status == 404
    assert other.call("DELETE", f"/api/videos/{video_id}/poster").status == 404
    assert (
        other.call("POST", f"/api/videos/{video_id}/poster", {"content_type": "image/png", "size_bytes": 1}).status
        == 404
    )
    mine = other.ready()
    assert choose(other, mine, poster_id).problem == "poster-missing"
