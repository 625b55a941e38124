"""Captions: in the playlists of whatever version plays, wherever it lies, and nowhere once they are taken away."""

from collections.abc import Callable
from typing import Any

import pytest

from millrace.media import hls
from millrace.media.cmaf import MeasuredSegment
from millrace.media.package import MeasuredTrack
from millrace.media.plan import EncodePlan, make_plan
from millrace.platform.ids import UploadId, VideoId
from millrace.transcode import work
from millrace.transcode.model import Encoded, StoredTrack, UploadTask
from millrace.transcode.package import package_video
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service as processing
from tests.integration.gateway import Gateway
from tests.integration.videos.conftest import FILM, Owner, World, settle
from tests.media_fixtures.values import a_source, a_timeline

SECONDS = 130
SRT = "1\n00:00:01,000 --> 00:00:02,500\nGood <i>morning</i> & welcome.\n\n2\n00:02:05,000 --> 00:02:06,000\nThe end.\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\nGuten Morgen.\n"
ENGLISH = {"label": "English", "kind": "captions", "text": SRT}
GERMAN = {"label": "Deutsch", "kind": "subtitles", "text": VTT}


def plan() -> EncodePlan:
    source = a_source(width=256, height=144, frame_rate=25, has_audio=False)
    return make_plan(source, a_timeline(seconds=SECONDS, frame_rate=25), parallelism=8)


def package(owner: Owner, video_id: str, upload_id: str) -> None:
    """Do what the workflow does for a film whose segments were only said to be there."""
    owner.arrive(video_id, upload_id)
    place, film = UploadPlace(VideoId(video_id), UploadId(upload_id)), plan()
    processing.record_film(place.video_id, place.upload_id, FILM)
    work.save(place, work.PLAN, film)
    for chunk in film.chunks:
        frames = range(chunk.start_frame, chunk.end_frame, film.segment_frames)
        segments = tuple(
            MeasuredSegment(
                number=frame // film.segment_frames + 1,
                decode_time=frame * film.frame_ticks,
                duration=(min(frame + film.segment_frames, chunk.end_frame) - frame) * film.frame_ticks,
                size_bytes=1000,
            )
            for frame in frames
        )
        track = MeasuredTrack(
            name=film.renditions[0].name, codec="avc1.64000C", timescale=film.timescale, segments=segments
        )
        report = Encoded(tracks=(StoredTrack(init_sha256="", track=track),), cpu_s=1)
        work.save(place, work.chunk_report(chunk.index), report)
    package_video(UploadTask(video_id=place.video_id, upload_id=place.upload_id))
    processing.publish(place.video_id, place.upload_id)
    settle(video_id)


def filmed(owner: Owner, **fields: Any) -> str:
    made = owner.begin(**fields)
    package(owner, made["video"]["video_id"], made["upload"]["upload_id"])
    return str(made["video"]["video_id"])


def put(owner: Owner, video_id: str, language: str, body: dict[str, str]) -> Any:
    return owner.call("PUT", f"/api/videos/{video_id}/captions/{language}", body)


def given(owner: Owner, video_id: str, language: str, body: dict[str, str]) -> list[dict[str, Any]]:
    answer = put(owner, video_id, language, body)
    assert answer.status == 200, answer.body
    settle(video_id)
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def text(world: World, url: str) -> str:
    key = "media/" + url.partition("/media/")[2]
    found = world.server.client("s3").get_object(Bucket=world.media, Key=key)
    return str(found["Body"].read().decode())


def shown(owner: Owner, video_id: str) -> dict[str, str]:
    """Return the captions that HLS players find, by language, and check that DASH players find the same."""
    playback = owner.video(video_id)["playback"]
    main = hls.parse_multivariant(text(owner.world, playback["hls_url"]))
    manifest = text(owner.world, playback["dash_url"])
    folder = playback["hls_url"].rpartition("/")[0]
    found = {}
    for each in main.subtitles:
        assert f"<BaseURL>{each.uri.rpartition('/')[0]}/captions.vtt</BaseURL>" in manifest
        found[each.language or ""] = f"{folder}/{each.uri}"
    assert manifest.count("captions.vtt") == len(found)
    return found


def pieces(world: World, url: str) -> list[str]:
    playlist = hls.parse_media(text(world, url))
    folder = url.rpartition("/")[0]
    return [text(world, f"{folder}/{segment.uri}") for segment in playlist.segments]


def test_captions_are_given_replaced_and_taken_away(owner: Owner, world: World, catalog: Gateway) -> None:
    video_id = filmed(owner)
    assert shown(owner, video_id) == {}
    listed = given(owner, video_id, "en", ENGLISH)
    assert [(each["language"], each["label"], each["kind"]) for each in listed] == [("en", "English", "captions")]
    whole = text(world, listed[0]["url"])
    assert whole.startswith("WEBVTT")
    assert "Good <i>morning</i> &amp; welcome." in whole
    first = pieces(world, shown(owner, video_id)["en"])
    assert len(first) == 3, "130 seconds in pieces of a minute"
    assert ["Good" in piece for piece in first] == [True, False, False]
    assert "The end." in first[2]
    assert all("X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000" in piece for piece in first)

    given(owner, video_id, "de", GERMAN)
    assert set(shown(owner, video_id)) == {"de", "en"}
    given(owner, video_id, "en", {**ENGLISH, "text": SRT.replace("morning", "evening")})
    found = shown(owner, video_id)
    assert "evening" in pieces(world, found["en"])[0]
    assert catalog.call("GET", f"/api/videos/{video_id}/captions").json["items"][1]["language"] == "en"

    for _ in range(2):
        assert owner.call("DELETE", f"/api/videos/{video_id}/captions/en").status == 204
    settle(video_id)
    assert set(shown(owner, video_id)) == {"de"}
    owner.call("DELETE", f"/api/videos/{video_id}/captions/de")
    settle(video_id)
    assert shown(owner, video_id) == {}
    assert [name for name in world.media_of(video_id)["public"] if name.startswith("captions/")] == []
    assert world.keys(world.uploads, f"captions/{video_id}/") == set()


def test_players_are_told_at_once(owner: Owner, world: World) -> None:
    video_id = filmed(owner)
    given(owner, video_id, "en", ENGLISH)
    playback = owner.video(video_id)["playback"]
    for name in ("hls_url", "dash_url"):
        assert "/media/" + playback[name].partition("/media/")[2] in world.invalidated()


def test_captions_go_where_the_video_goes(owner: Owner, world: World) -> None:
    video_id = filmed(owner)
    given(owner, video_id, "en", ENGLISH)
    owner.change(video_id, visibility="private")
    assert "/media/private/" in shown(owner, video_id)["en"]
    assert len(pieces(world, shown(owner, video_id)["en"])) == 3
    assert world.media_of(video_id)["public"] == set()
    given(owner, video_id, "de", GERMAN)
    owner.change(video_id, visibility="public")
    assert set(shown(owner, video_id)) == {"de", "en"}


def test_captions_outlive_the_file_and_are_there_from_its_first_moment(owner: Owner, world: World) -> None:
    made = owner.begin()
    video_id = made["video"]["video_id"]
    assert put(owner, video_id, "en", ENGLISH).json["items"][0]["url"] is None, "given while it is uploaded"
    package(owner, video_id, made["upload"]["upload_id"])
    assert set(shown(owner, video_id)) == {"en"}

    new = owner.call("POST", f"/api/videos/{video_id}/replacement", {"filename": "new.mp4", "size_bytes": 3}).json
    given(owner, video_id, "de", GERMAN)
    before = owner.video(video_id)["playback"]["hls_url"]
    assert set(shown(owner, video_id)) == {"de", "en"}
    package(owner, video_id, new["upload"]["upload_id"])
    assert owner.video(video_id)["playback"]["hls_url"] != before
    assert set(shown(owner, video_id)) == {"de", "en"}


def test_captions_that_change_while_the_film_is_packaged_are_not_lost(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = owner.begin()
    video_id = made["video"]["video_id"]
    packaging = processing.publish

    def late(*ids: Any) -> None:
        put(owner, video_id, "en", ENGLISH)
        packaging(*ids)

    monkeypatch.setattr(processing, "publish", late)
    package(owner, video_id, made["upload"]["upload_id"])
    assert set(shown(owner, video_id)) == {"en"}


def test_placing_that_breaks_off_anywhere_is_finished_by_the_next_try(
    owner: Owner, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = filmed(owner)
    put(owner, video_id, "en", ENGLISH)
    for broken in ("put_playlists", "_put_texts"):
        with monkeypatch.context() as patch:
            patch.setattr(f"millrace.videos.packaging.{broken}", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                settle(video_id)
    settle(video_id)
    assert "Good" in pieces(world, shown(owner, video_id)["en"])[0]


def test_settling_again_writes_nothing(owner: Owner, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    video_id = filmed(owner)
    given(owner, video_id, "en", ENGLISH)
    monkeypatch.setattr("millrace.videos.packaging._put", lambda *_: pytest.fail("written again"))
    settle(video_id)
    given(owner, video_id, "en", ENGLISH)


@pytest.mark.parametrize(
    ("language", "changes", "field", "says"),
    [
        ("en", {"text": "1\n00:00:01,000 --> 00:00:00,500\nBack\n"}, "text", "Line 2: "),
        ("en", {"text": "Not captions at all"}, "text", "Line 1: "),
        ("en", {"text": "WEBVTT\n\n00:01.000 --> nonsense\nx\n"}, "text", "Line 3: "),
        ("en", {"text": "x" * 1_000_001}, "text", ""),
        ("english!", {}, "language", "en, pt-BR"),
        ("en", {"label": 'The "best"'}, "label", ""),
        ("en", {"kind": "karaoke"}, "kind", ""),
        ("fr", {"label": "Deutsch"}, "label", "this name already"),
    ],
)
def test_what_cannot_be_is_refused_and_says_where(
    owner: Owner, language: str, changes: dict[str, str], field: str, says: str
) -> None:
    video_id = owner.begin()["video"]["video_id"]
    put(owner, video_id, "de", GERMAN)
    answer = put(owner, video_id, language, {**ENGLISH, **changes})
    assert answer.status == 422, answer.body
    assert answer.json["errors"][0]["field"].endswith(field)
    assert says in answer.json["errors"][0]["message"]
    assert len(owner.call("GET", f"/api/videos/{video_id}/captions").json["items"]) == 1


def test_captions_are_their_owners_to_change_and_hidden_like_the_video(
    owner: Owner, make_owner: Callable[[], Owner], catalog: Gateway
) -> None:
    video_id, other = owner.ready(), make_owner()
    assert put(other, video_id, "en", ENGLISH).status == 404
    assert other.call("DELETE", f"/api/videos/{video_id}/captions/en").status == 404
    owner.change(video_id, visibility="private")
    assert catalog.call("GET", f"/api/videos/{video_id}/captions").status == 404


def test_a_video_of_an_older_release_keeps_its_captions_for_its_next_file(owner: Owner, world: World) -> None:
    video_id = owner.ready()
    given(owner, video_id, "en", ENGLISH)
    new = owner.call("POST", f"/api/videos/{video_id}/replacement", {"filename": "new.mp4", "size_bytes": 3}).json
    package(owner, video_id, new["upload"]["upload_id"])
    assert set(shown(owner, video_id)) == {"en"}


def test_a_deleted_video_leaves_no_captions(owner: Owner, world: World) -> None:
    video_id = filmed(owner)
    given(owner, video_id, "en", ENGLISH)
    owner.call("DELETE", f"/api/videos/{video_id}")
    settle(video_id)
    assert world.keys(world.uploads, f"captions/{video_id}/") == set()
