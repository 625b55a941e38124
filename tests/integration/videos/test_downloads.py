"""A video as one file: made once when its owner asks, kept for a while, nobody else's."""

import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from millrace.platform.events import DownloadAsked, parse
from millrace.platform.ids import UploadId, VideoId
from millrace.videos import packaging
from millrace.videos.downloads import making, service
from millrace.videos.model import Film
from millrace.videos.packaging import Packaged
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service as processing
from tests.integration.videos.conftest import Owner, World, settle
from tests.media_fixtures import make_clip, read_barcodes
from tests.media_fixtures.transcoding import Transcoded, transcode

RENDITION = "144p"


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Transcoded:
    folder = tmp_path_factory.mktemp("encoded")
    return transcode(make_clip(folder / "clip.mp4", seconds=5, size=(256, 144), rate=25), folder / "media")


def filmed(owner: Owner, encoded: Transcoded) -> str:
    """Make a video that has real media; return its id."""
    made = owner.begin(title='Mühle "am" Bach')
    video_id, upload_id = made["video"]["video_id"], made["upload"]["upload_id"]
    owner.arrive(video_id, upload_id)
    place = UploadPlace(VideoId(video_id), UploadId(upload_id))
    prefix = place.media_prefix(processing.in_processing(*_ids(place)).home)
    s3 = owner.world.server.client("s3")
    for path in encoded.folder.glob("*/*"):
        if path.suffix in {".mp4", ".m4s"}:
            s3.put_object(
                Bucket=owner.world.media, Key=f"{prefix}{path.parent.name}/{path.name}", Body=path.read_bytes()
            )
    keep(place, encoded)
    owner.process(video_id, upload_id)
    return str(video_id)


def _ids(place: UploadPlace) -> tuple[VideoId, UploadId]:
    return place.video_id, place.upload_id


def keep(place: UploadPlace, encoded: Transcoded) -> None:
    plan = encoded.plan
    video = tuple(encoded.tracks[rendition.name] for rendition in plan.renditions)
    audio = tuple(encoded.tracks[each.name] for each in plan.audio)
    packaging.keep(place, Packaged(plan=plan, video=video, audio=audio))


@pytest.fixture(autouse=True)
def film(monkeypatch: pytest.MonkeyPatch) -> None:
    """The film that `Owner.process` tells of has the rendition that is really there."""
    monkeypatch.setattr(
        "tests.integration.videos.conftest.FILM",
        Film(
            duration_ms=5000,
            frame_rate="25",  # type: ignore[arg-type]  # parsed
            width_px=256,
            height_px=144,
            has_audio=True,
            renditions=(RENDITION,),
            chunk_count=2,
        ),
    )


def ask(owner: Owner, video_id: str, query: str = "") -> Any:
    return owner.call("POST", f"/api/videos/{video_id}/download{query}")


def look(owner: Owner, video_id: str) -> Any:
    return owner.call("GET", f"/api/videos/{video_id}/download")


def asked(world: World, video_id: str) -> list[DownloadAsked]:
    events = [parse(kind, detail) for kind, detail in world.heard(video_id) if kind == "DownloadAsked"]
    return [event for event in events if isinstance(event, DownloadAsked)]


def test_a_video_becomes_one_file_that_plays(
    owner: Owner, world: World, encoded: Transcoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PART_BYTES", 5 * 1024**2)
    video_id = filmed(owner, encoded)
    assert look(owner, video_id).problem == "download-not-asked"
    first = ask(owner, video_id)
    assert (first.status, first.json["state"], first.json["rendition"]) == (202, "preparing", RENDITION)
    assert ask(owner, video_id).json["state"] == "preparing"
    events = asked(world, video_id)
    assert len(events) == 1, "who asks twice has it made once"

    making.make(events[0])
    found = look(owner, video_id).json
    assert found["state"] == "ready"
    with urllib.request.urlopen(found["url"], timeout=30) as answer:
        data, named = answer.read(), answer.headers["Content-Disposition"]
    assert len(data) == found["size_bytes"]
    assert named.startswith('attachment; filename="M_hle _am_ Bach.mp4"; filename*=UTF-8')
    assert urllib.parse.unquote(named.rpartition("'")[2]) == 'Mühle "am" Bach.mp4'
    (tmp_path / "film.mp4").write_bytes(data)
    assert read_barcodes(tmp_path / "film.mp4") == list(range(125))

    assert ask(owner, video_id).json["state"] == "ready"
    assert asked(world, video_id) == [], "what is there is not made again"
    owner.call("DELETE", f"/api/videos/{video_id}")
    settle(video_id)
    assert world.keys(world.uploads, f"downloads/{video_id}/") == set()
    assert world.keys(world.uploads, f"tracks/{video_id}/") == set()


def test_an_event_that_comes_twice_or_too_late_does_nothing(
    owner: Owner, world: World, encoded: Transcoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = filmed(owner, encoded)
    ask(owner, video_id)
    event = asked(world, video_id)[0]
    making.make(event.model_copy(update={"upload_id": UploadId("0" * 26)}))
    making.make(event.model_copy(update={"video_id": VideoId("0" * 26)}))
    assert look(owner, video_id).json["state"] == "preparing"
    making.make(event)
    with monkeypatch.context() as patch:
        patch.setattr(making, "_write", lambda *_: pytest.fail("made again"))
        making.make(event)


def test_one_that_never_came_can_be_asked_for_again(
    owner: Owner, world: World, encoded: Transcoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = filmed(owner, encoded)
    ask(owner, video_id)
    with monkeypatch.context() as patch:
        patch.setattr(service, "GIVEN_UP", timedelta(0))
        assert look(owner, video_id).json["state"] == "failed"
        assert ask(owner, video_id).json["state"] == "preparing"
    assert len(asked(world, video_id)) == 2


def test_a_file_that_broke_off_leaves_nothing(
    owner: Owner, world: World, encoded: Transcoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = filmed(owner, encoded)
    ask(owner, video_id)

    def broken(*_: object) -> bytes:
        raise ConnectionError

    monkeypatch.setattr(making, "sample_data", broken)
    with pytest.raises(ConnectionError):
        making.make(asked(world, video_id)[0])
    s3 = world.server.client("s3")
    open_uploads = s3.list_multipart_uploads(Bucket=world.uploads).get("Uploads", [])
    assert [each for each in open_uploads if each["Key"].startswith(f"downloads/{video_id}/")] == []
    assert look(owner, video_id).json["state"] == "preparing"


def test_what_cannot_be_downloaded_says_why(
    owner: Owner, make_owner: Callable[[], Owner], encoded: Transcoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = filmed(owner, encoded)
    assert ask(owner, video_id, "?rendition=1080p").json["errors"][0]["field"] == "rendition"
    assert ask(owner, video_id, "?rendition=../x").status == 422
    assert ask(make_owner(), video_id).status == 404
    assert look(make_owner(), video_id).status == 404
    assert ask(owner, owner.begin()["video"]["video_id"]).problem == "not-playable"
    assert ask(owner, owner.ready()).problem == "not-playable", "nothing is known of its tracks"
    monkeypatch.setattr(service, "MAX_BYTES", 1000)
    assert "too large" in ask(owner, video_id).body
