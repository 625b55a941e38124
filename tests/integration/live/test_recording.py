"""What stays of a stream: its segments as a video, nothing of a test stream, and nothing of what its owner deletes."""

import hashlib
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from millrace.live import removing, store, sweeping
from millrace.live.clips import service as clips
from millrace.live.clips import store as clip_store
from millrace.live.edge import store as edge_store
from millrace.live.errors import ClipGone, StreamGone
from millrace.media import dash, hls
from millrace.platform.ids import VideoId
from millrace.videos import service as videos
from millrace.videos.errors import VideoGone
from millrace.videos.model import Status, VideoState, Visibility
from tests.integration.gateway import load_function
from tests.integration.live.conftest import Ingest, Studio, World
from tests.integration.live.media import AUDIO, SMALL, SOURCE, Film


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The videos whose record has a workflow started for it; the workflow itself is tested with videos."""
    started: list[str] = []
    monkeypatch.setattr("millrace.videos.processing.service.settle", lambda video: started.append(video.video_id))
    return started


@pytest.fixture
def recorder(container: object, settled: list[str]) -> ModuleType:
    return load_function("record_stream")


@pytest.fixture
def film(world: World, ingest: Ingest, studio: Studio) -> Film:
    made = Film(world, ingest.open(studio.stream_key).json, stream_key=studio.stream_key)
    made.begin()
    return made


def hear(function: ModuleType, world: World, kind: str, film: Film) -> None:
    """Hand the function what the bus heard of the session, twice: it comes at least once."""
    ids = {film.grant["session_id"], film.grant["video_id"]}
    heard = [
        event
        for event in world.heard()
        if event["detail-type"] == kind and ids & {event["detail"].get("session_id"), event["detail"].get("video_id")}
    ]
    assert len(heard) == 1
    for _ in range(2):
        function.handler(heard[0], None)


def test_a_stream_is_a_video_over_the_same_segments(
    world: World, ingest: Ingest, film: Film, recorder: ModuleType, settled: list[str]
) -> None:
    film.whole(3, parts=1)
    ingest.beat(film.grant)
    ingest.tell("interrupt", film.grant)
    again = Film(world, ingest.open(film.stream_key).json)
    again.begin()
    again.whole(2, parts=1)
    again.open()
    again.part()
    before = segments(world, film)
    ingest.tell("end", again.grant)
    hear(recorder, world, "StreamEnded", film)
    video = videos.owned(VideoId(film.grant["video_id"]), store.get(film.session_id).owner_id)
    assert video.state is VideoState.READY
    assert video.status is Status.PUBLISHED
    assert str(video.upload.upload_id) == str(film.session_id)
    assert settled == [video.video_id]
    assert video.film is not None
    assert video.film.duration_ms == 6 * 334 - 4
    assert (video.film.width_px, video.film.has_audio) == (1280, True)
    assert video.film.renditions == (SOURCE.name, SMALL.name)
    after = segments(world, film)
    assert {name: after[name] for name in before} == before
    stored = world.stored(film.place.prefix)
    for uri, playlist in media_playlists(stored, film).items():
        assert playlist.playlist_type is hls.PlaylistType.VOD
        assert playlist.has_ended
        assert [segment.is_discontinuity for segment in playlist.segments] == [False, False, False, True, False, False]
        folder = uri.rpartition("/")[0]
        for segment in playlist.segments:
            assert f"{folder}/{segment.uri}" in stored
            assert segment.init is not None
            assert f"{folder}/{segment.init.uri}" in stored


def segments(world: World, film: Film) -> dict[str, str]:
    return {
        key: hashlib.sha256(body).hexdigest()
        for key, body in world.stored(film.place.prefix).items()
        if key.endswith((".m4s", ".mp4"))
    }


def media_playlists(stored: dict[str, bytes], film: Film) -> dict[str, hls.MediaPlaylist]:
    main = hls.parse_multivariant(stored[film.place.prefix + "main.m3u8"].decode())
    assert [variant.uri for variant in main.variants] == [f"{SOURCE.name}/media.m3u8", f"{SMALL.name}/media.m3u8"]
    uris = [*(each.uri for each in main.variants), *(each.uri for each in main.audio)]
    uris += [each.uri for each in main.iframe_variants]
    return {film.place.prefix + uri: hls.parse_media(stored[film.place.prefix + uri].decode()) for uri in uris}


def test_the_manifest_of_a_recording_has_no_holes(
    world: World, ingest: Ingest, film: Film, recorder: ModuleType
) -> None:
    film.whole(2)
    ingest.tell("interrupt", film.grant)
    again = Film(world, ingest.open(film.stream_key).json)
    again.begin()
    again.whole(1)
    ingest.tell("end", again.grant)
    hear(recorder, world, "StreamEnded", film)
    stored = world.stored(film.place.prefix)
    found = dash.parse(stored[film.place.prefix + "manifest.mpd"].decode())
    assert found.live is None
    assert [(float(period.start_s), float(period.duration_s or 0)) for period in found.periods] == [(0, 4), (4, 2)]
    assert found.periods[1].adaptation_sets[1].representations[0].media == "audio/seg_1_$Number%05d$.m4s"


def test_a_rendition_that_was_dropped_is_not_in_the_recording(
    world: World, ingest: Ingest, film: Film, recorder: ModuleType
) -> None:
    film.whole(2, parts=1)
    edge_store.put_period(
        film.session_id, 1, edge_store.shown(film.session_id).periods[0].without(SMALL.name, film.segment + 1)
    )
    for _ in range(3):
        film.open([SOURCE, AUDIO])
        film.part([SOURCE, AUDIO])
        film.complete()
    ingest.tell("end", film.grant)
    hear(recorder, world, "StreamEnded", film)
    stored = world.stored(film.place.prefix)
    main = hls.parse_multivariant(stored[film.place.prefix + "main.m3u8"].decode())
    assert [variant.uri for variant in main.variants] == [f"{SOURCE.name}/media.m3u8"]


@pytest.mark.parametrize("suffix", ["?test=1", ""])
def test_of_a_test_stream_and_of_one_that_is_not_kept_nothing_stays(
    world: World, ingest: Ingest, studio: Studio, recorder: ModuleType, suffix: str
) -> None:
    film = Film(world, ingest.open(studio.stream_key + suffix).json)
    session = store.get(film.session_id)
    if not suffix:
        store.change(session, session.model_copy(update={"is_kept": False}))
    film.begin()
    film.whole(parts=1)
    ingest.tell("end", film.grant)
    hear(recorder, world, "StreamEnded", film)
    assert not world.stored(f"media/{film.place.home}/{film.place.video_id}/")
    assert not world.stored(film.place.parts_prefix)
    with pytest.raises(StreamGone):
        edge_store.shown(film.session_id)
    with pytest.raises(VideoGone):
        videos.owned(VideoId(film.grant["video_id"]), studio.owner.user_id)
    assert store.get(film.session_id).is_settled


def test_a_stream_without_a_picture_to_show_leaves_nothing(
    world: World, ingest: Ingest, film: Film, recorder: ModuleType
) -> None:
    ingest.tell("end", film.grant)
    hear(recorder, world, "StreamEnded", film)
    assert store.get(film.session_id).is_settled
    assert not world.stored(film.place.prefix)


def test_a_private_stream_becomes_a_private_video(
    world: World, ingest: Ingest, studio: Studio, recorder: ModuleType
) -> None:
    first = ingest.open(studio.stream_key).json
    session = store.get(first["session_id"])
    store.change(session, session.model_copy(update={"visibility": Visibility.PRIVATE}))
    ingest.tell("end", first)
    world.heard()
    film = Film(world, ingest.open(studio.stream_key).json)
    assert film.grant["home"] == "private"
    film.begin()
    film.whole(parts=1)
    ingest.tell("end", film.grant)
    hear(recorder, world, "StreamEnded", film)
    assert videos.owned(VideoId(film.grant["video_id"]), studio.owner.user_id).status is Status.PRIVATE


@pytest.mark.parametrize("kind", ["VideoDeleted", "ChannelDeleted"])
def test_what_is_deleted_is_forgotten(
    world: World, ingest: Ingest, studio: Studio, film: Film, recorder: ModuleType, kind: str
) -> None:
    film.whole(parts=1)
    ingest.tell("end", film.grant)
    hear(recorder, world, "StreamEnded", film)
    event: dict[str, Any] = {
        "detail-type": kind,
        "detail": {
            "video_id": film.grant["video_id"],
            "channel_id": studio.channel.channel_id,
            "owner_id": studio.owner.user_id,
        },
    }
    forgetting = load_function("forget_streams")
    for _ in range(2):
        forgetting.handler(event, None)
    assert store.find(film.session_id) is None
    assert not world.stored(film.place.parts_prefix)
    with pytest.raises(StreamGone):
        edge_store.shown(film.session_id)


def test_a_channel_that_goes_while_it_is_live_leaves_nothing(
    world: World, ingest: Ingest, studio: Studio, film: Film, recorder: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    film.whole(parts=1)
    clip = clips.create(store.get(film.session_id), studio.owner, "Hello", None, 5)
    event: dict[str, Any] = {
        "detail-type": "ChannelDeleted",
        "detail": {"channel_id": studio.channel.channel_id, "owner_id": studio.owner.user_id},
    }
    forgetting = load_function("forget_streams")
    for _ in range(2):
        forgetting.handler(event, None)
    # Its ingest is told to end with the next beat. What it stores until then is the reason to wait for that.
    assert ingest.beat(film.grant).json["command"] == "end"
    assert not store.get(film.session_id).is_listed
    ingest.tell("end", film.grant)
    hear(recorder, world, "StreamEnded", film)
    assert not world.stored(film.place.prefix)
    # An upload that was on its way.
    film.put(film.place.segment_key(SOURCE.name, 0, 2), b"late")
    assert world.stored(film.place.prefix)
    assert sweeping.sweep()["recording"] >= 1
    monkeypatch.setattr(sweeping, "now", lambda: datetime.now(UTC) + timedelta(minutes=6))
    monkeypatch.setattr(removing, "now", lambda: datetime.now(UTC) + timedelta(minutes=6))
    assert sweeping.sweep()["announced"] >= 1
    hear(recorder, world, "StreamEnded", film)
    assert not world.stored(film.place.prefix)
    assert store.find(film.session_id) is None
    with pytest.raises(ClipGone):
        clip_store.get(clip.clip_id)
