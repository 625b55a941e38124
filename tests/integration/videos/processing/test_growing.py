"""What is encoded of a film plays while the rest is on its way."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlparse

import pytest

from millrace.media import dash, hls
from millrace.platform.clock import now
from millrace.transcode.model import UploadTask
from millrace.transcode.package import package_video
from millrace.videos.errors import VideoGone
from millrace.videos.processing import service, store
from tests.integration.emulator.servers import eventually
from tests.integration.videos.conftest import Owner, World
from tests.integration.videos.processing.encoding import Workflow, begin


def _playlist(world: World, film: Workflow, name: str) -> Any:
    video = film.owner.video(film.video_id)
    folder = urlparse(video["playback"]["hls_url"]).path.strip("/").rpartition("/")[0]
    return world.server.client("s3").get_object(Bucket=world.media, Key=f"{folder}/{name}")


def _segments(world: World, film: Workflow, track: str) -> int:
    return len(hls.parse_media(_playlist(world, film, f"{track}/media.m3u8")["Body"].read().decode()).segments)


def test_nothing_is_shown_before_picture_and_sound_begin(owner: Owner) -> None:
    film = begin(owner)
    film.encode(0)
    film.show()
    assert owner.video(film.video_id)["playback"] is None
    film.encode_sound(0)
    film.show("sound 0")
    assert owner.video(film.video_id)["playback"]


def test_a_growing_film_plays_by_its_final_addresses_and_is_not_listed(owner: Owner, world: World) -> None:
    film = begin(owner)
    film.encode(0)
    film.encode_sound(0)
    film.show()
    video = owner.video(film.video_id)
    assert (video["state"], video["status"]) == ("processing", "processing")
    assert video["playable_at"]
    assert video["playback"]["poster_url"] is None
    assert owner.call("POST", f"/api/videos/{film.video_id}/playback").json["hls_url"] == video["playback"]["hls_url"]
    answer = _playlist(world, film, "main.m3u8")
    assert answer["CacheControl"] == "public, max-age=1"
    assert dash.parse(_playlist(world, film, "manifest.mpd")["Body"].read().decode()).live
    told = [kind for kind, _ in world.heard(film.video_id)]
    assert "VideoPlayable" in told
    assert "VideoPublished" not in told

    for chunk in range(1, len(film.plan.chunks)):
        film.encode(chunk)
    for chunk in range(1, len(film.plan.audio_chunks)):
        film.encode_sound(chunk)
    film.show()
    package_video(UploadTask(video_id=film.video_id, upload_id=film.place.upload_id))
    whole = hls.parse_media(_playlist(world, film, "video_720p/media.m3u8")["Body"].read().decode())
    assert whole.has_ended
    assert len(whole.segments) == film.plan.segment_count
    service.publish(*film.ids)
    ready = owner.video(film.video_id)
    assert {name: ready["playback"][name] for name in ("hls_url", "dash_url")} == {
        name: video["playback"][name] for name in ("hls_url", "dash_url")
    }
    assert ready["playable_at"] == video["playable_at"]


def test_captions_are_there_while_a_film_grows(owner: Owner, world: World) -> None:
    film = begin(owner, seconds=200)
    film.encode(0)
    film.encode_sound(0)
    film.show()
    assert b"SUBTITLES" not in _playlist(world, film, "main.m3u8")["Body"].read()
    body = {"label": "English", "text": "WEBVTT\n\n00:01.000 --> 03:02.000\nGood morning."}
    assert owner.call("PUT", f"/api/videos/{film.video_id}/captions/en", body).status in {200, 201}
    film.encode(1)
    film.encode_sound(1)
    film.show("chunk 1")
    main = _playlist(world, film, "main.m3u8")["Body"].read().decode()
    found = re.search(r'URI="(captions/en-\w+)/media\.m3u8"', main)
    assert found, main
    folder = found[1]
    pieces = hls.parse_media(_playlist(world, film, f"{folder}/media.m3u8")["Body"].read().decode())
    assert len(pieces.segments) == 4, "they are whole though the film is not"
    assert b"Good morning." in _playlist(world, film, f"{folder}/seg_00003.vtt")["Body"].read()
    manifest = _playlist(world, film, "manifest.mpd")["Body"].read().decode()
    assert dash.parse(manifest).live
    assert f"{folder}/captions.vtt" in manifest

    owner.call("DELETE", f"/api/videos/{film.video_id}/captions/en")
    film.encode(2)
    film.show("chunk 2")
    assert b"SUBTITLES" not in _playlist(world, film, "main.m3u8")["Body"].read()


def test_only_what_follows_without_a_hole_is_shown(owner: Owner, world: World) -> None:
    film = begin(owner)
    film.encode_sound(0)
    film.encode_sound(1)
    film.encode(1)
    film.show()
    assert owner.video(film.video_id)["playback"] is None
    film.encode(0)
    film.encode(3)
    film.show()
    assert _segments(world, film, "video_720p") == 2
    film.encode(2)
    film.show()
    assert _segments(world, film, "video_720p") == film.plan.chunks[4].first_segment - 1


def test_one_at_a_time_shows_and_goes_on_until_nothing_is_new(owner: Owner, world: World) -> None:
    film = begin(owner)
    film.encode(0)
    film.encode_sound(0)
    held = service.begin_showing(*film.ids, "chunk 0")
    assert held is not None
    film.encode(1)
    film.encode_sound(1)
    film.show("chunk 1")
    assert owner.video(film.video_id)["playback"] is None, "somebody else was at it"
    assert not service.end_showing(held, "chunk 0"), "a chunk that ended meanwhile is left to the holder"
    film.show("chunk 0")
    assert _segments(world, film, "video_720p") == 2


def test_the_right_of_who_died_runs_out(owner: Owner) -> None:
    film = begin(owner)
    film.encode(0)
    film.encode_sound(0)
    assert store.begin_showing(*film.ids, "chunk 0", now() - timedelta(seconds=1))
    film.show("chunk 1")
    assert owner.video(film.video_id)["playback"]


def test_a_replacement_is_shown_only_when_it_is_whole(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    before = owner.video(video_id)["playback"]
    film = begin(owner, replaces=video_id)
    film.encode(0)
    film.encode_sound(0)
    film.show()
    assert owner.video(video_id)["playback"] == before
    assert f"media/public/{video_id}/{film.place.upload_id}/main.m3u8" not in world.keys(world.media, "media/public/")


def test_what_failed_plays_no_longer_and_starts_anew(owner: Owner, world: World) -> None:
    film = begin(owner)
    film.encode(0)
    film.encode_sound(0)
    film.show()
    before = service.in_processing(*film.ids)
    assert owner.call("POST", f"/api/videos/{film.video_id}/cancel").status == 200
    assert owner.video(film.video_id)["playback"] is None
    assert owner.call("POST", f"/api/videos/{film.video_id}/retry").status == 202
    for late in (service.check_wanted, lambda video: service.record_chunk(video, 0)):
        with pytest.raises(VideoGone):
            late(before)
    assert owner.video(film.video_id)["playback"] is None
    film.show()
    assert owner.video(film.video_id)["playback"] is None, "nothing of the first attempt counts"
    eventually(lambda: _told(world, film))


def _told(world: World, film: Workflow) -> None:
    assert "VideoFailed" in [kind for kind, _ in world.heard(film.video_id)]


def test_a_chunk_that_was_put_where_the_video_no_longer_is_does_not_count(owner: Owner) -> None:
    film = begin(owner)
    before = service.in_processing(*film.ids)
    owner.change(film.video_id, visibility="private")
    try:
        service.record_chunk(before, 0)
    except service.HomeChanged:
        pass
    else:
        raise AssertionError("a chunk in the public folder of a private video counted")
    film.encode(0)
    assert owner.video(film.video_id)["progress"]["renditions"][0]["state"] == "encoding"
