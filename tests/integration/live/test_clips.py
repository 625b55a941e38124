"""Clips: a piece of a stream by its own segments, and as a file that any player takes."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

from millrace.live import store
from millrace.media import dash, hls
from millrace.platform.caller import Caller
from millrace.platform.ids import LiveSessionId, UserId, new_id
from tests.integration.gateway import Gateway, load_function, trusting
from tests.integration.live.conftest import Ingest, Studio, World
from tests.integration.live.media import AUDIO, BEGAN, SOURCE, Film
from tests.media_fixtures.tools import FFMPEG, FFPROBE


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool under the name that the layer gives it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ffmpeg").symlink_to(FFMPEG)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")


@pytest.fixture
def clips(container: object, ffmpeg: None) -> Gateway:
    return Gateway(trusting("clips"))


@pytest.fixture
def film(world: World, ingest: Ingest, studio: Studio) -> Film:
    made = Film(world, ingest.open(studio.stream_key).json, tracks=(SOURCE, AUDIO), stream_key=studio.stream_key)
    made.begin()
    ingest.beat(made.grant)
    return made


@pytest.fixture
def viewer() -> Caller:
    return Caller(UserId(new_id()), frozenset({"viewer"}))


def create(clips: Gateway, film: Film, viewer: Caller, **draft: Any) -> dict[str, Any]:
    answer = clips.call("POST", f"/api/live/{film.session_id}/clips", draft, caller=viewer)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def files(world: World, film: Film, clip: dict[str, Any]) -> dict[str, bytes]:
    folder = f"{film.place.prefix}clips/{clip['clip_id']}/"
    return {key.removeprefix(folder): body for key, body in world.stored(folder).items()}


def test_the_end_of_a_stream_becomes_a_clip(world: World, clips: Gateway, film: Film, viewer: Caller) -> None:
    film.whole(6)
    world.heard()
    clip = create(clips, film, viewer, title="That moment", duration_s=4)
    assert (clip["title"], clip["duration_ms"], clip["author_id"]) == ("That moment", 4000, viewer.user_id)
    assert [event["detail-type"] for event in world.heard()] == ["ClipCreated"]
    found = files(world, film, clip)
    main = hls.parse_multivariant(found["main.m3u8"].decode())
    assert [variant.uri for variant in main.variants] == [f"{SOURCE.name}/media.m3u8"]
    playlist = hls.parse_media(found[main.variants[0].uri].decode())
    assert playlist.has_ended
    # As a player resolves it: from the playlist's folder.
    address = f"https://mill.example/{film.place.prefix}clips/{clip['clip_id']}/{SOURCE.name}/media.m3u8"
    resolved = [requests.compat.urljoin(address, segment.uri) for segment in playlist.segments]
    keys = [film.place.segment_key(SOURCE.name, 0, number) for number in (5, 6)]
    assert resolved == [f"https://mill.example/{key}" for key in keys]
    manifest = dash.parse(found["manifest.mpd"].decode())
    media = manifest.periods[0].adaptation_sets[0].representations[0].media
    assert requests.compat.urljoin(clip["dash_url"], media.replace("$Number%05d$", "00005")) == resolved[0]


def test_a_clip_begins_where_it_is_asked_to(world: World, clips: Gateway, film: Film, viewer: Caller) -> None:
    film.whole(6)
    clip = create(clips, film, viewer, starts_at=(BEGAN + timedelta(seconds=3)).isoformat(), duration_s=2)
    assert clip["starts_at"].startswith("2026-11-22T12:00:02")
    playlist = hls.parse_media(files(world, film, clip)[f"{AUDIO.name}/media.m3u8"].decode())
    assert [segment.uri[-9:] for segment in playlist.segments] == ["00002.m4s", "00003.m4s"]


def test_a_clip_has_nothing_from_beyond_a_break(
    world: World, clips: Gateway, ingest: Ingest, film: Film, viewer: Caller
) -> None:
    film.whole(2)
    ingest.tell("interrupt", film.grant)
    again = Film(world, ingest.open(film.stream_key).json, tracks=(SOURCE, AUDIO))
    again.begin()
    again.whole()
    clip = create(clips, film, viewer, duration_s=60)
    playlist = hls.parse_media(files(world, film, clip)[f"{AUDIO.name}/media.m3u8"].decode())
    assert [segment.uri[-11:] for segment in playlist.segments] == ["1_00003.m4s"]


def test_what_is_not_there_cannot_be_kept(clips: Gateway, film: Film, viewer: Caller) -> None:
    path = f"/api/live/{film.session_id}/clips"
    assert clips.call("POST", path, {}, caller=viewer).problem == "stream-not-started"
    film.whole()
    early = {"starts_at": (BEGAN - timedelta(hours=1)).isoformat(), "duration_s": 5}
    answer = clips.call("POST", path, early, caller=viewer)
    assert (answer.status, list(answer.refused_fields)) == (422, ["starts_at"])
    assert clips.call("POST", path, {"duration_s": 61}, caller=viewer).status == 422
    assert clips.call("POST", path, {}).status == 401


def test_author_and_streamer_may_remove_a_clip(
    world: World, clips: Gateway, film: Film, viewer: Caller, studio: Studio
) -> None:
    film.whole()
    stranger = Caller(UserId(new_id()), frozenset({"viewer"}))
    for remover in (viewer, studio.owner):
        clip = create(clips, film, viewer)
        path = f"/api/clips/{clip['clip_id']}"
        assert clips.call("DELETE", path, caller=stranger).problem == "clip-gone"
        assert clips.call("GET", path).json == clip
        assert clips.call("DELETE", path, caller=remover).status == 204
        assert clips.call("GET", path).problem == "clip-gone"
        assert not files(world, film, clip)
    assert clips.call("GET", f"/api/live/{film.session_id}/clips").json["items"] == []


def test_clips_of_a_stream_are_listed_newest_first(clips: Gateway, film: Film, viewer: Caller) -> None:
    film.whole()
    made = [create(clips, film, viewer)["clip_id"] for _ in range(2)]
    page = clips.call("GET", f"/api/live/{film.session_id}/clips?limit=1").json
    assert [each["clip_id"] for each in page["items"]] == made[:0:-1]
    rest = clips.call("GET", f"/api/live/{film.session_id}/clips?limit=1&cursor={page['next_cursor']}").json
    assert [each["clip_id"] for each in rest["items"]] == made[:1]


def test_nobody_else_sees_clips_of_what_they_may_not_watch(
    world: World, clips: Gateway, ingest: Ingest, studio: Studio, viewer: Caller
) -> None:
    film = Film(world, ingest.open(studio.stream_key + "?test=1").json)
    film.begin()
    film.whole()
    clip = create(clips, film, studio.owner)
    assert clips.call("POST", f"/api/live/{film.session_id}/clips", {}, caller=viewer).problem == "stream-gone"
    assert clips.call("GET", f"/api/clips/{clip['clip_id']}", caller=viewer).problem == "clip-gone"


@pytest.fixture(scope="session")
def shot(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, bytes]]:
    """Two seconds of a real picture and a real tone late in a stream: init segment and segment by track."""
    folder = tmp_path_factory.mktemp("shot")
    fragmented = [
        "-movflags",
        "+empty_moov+default_base_moof+frag_custom+frag_discont",
        "-use_editlist",
        "0",
        "-copyts",
    ]
    picture = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", "-vf", "setpts=PTS+40/TB", "-c:v", "libx264"]
    sound = ["-f", "lavfi", "-i", "sine=d=2:r=48000", "-af", "asetpts=PTS+40/TB", "-c:a", "aac"]
    found = {}
    for track, options in ((SOURCE, [*picture, "-g", "50"]), (AUDIO, sound)):
        output = folder / f"{track.name}.mp4"
        argv = [FFMPEG, "-nostdin", "-v", "error", "-y", *options, "-f", "mp4", *fragmented, str(output)]
        subprocess.run(argv, check=True, timeout=120)
        data = output.read_bytes()
        begin = data.index(b"moof") - 4
        end = data.index(b"mfra") - 4 if b"mfra" in data else len(data)
        found[track.name] = data[:begin], data[begin:end]
    return found


@pytest.fixture
def real(world: World, film: Film, shot: dict[str, tuple[bytes, bytes]]) -> Film:
    """A stream of one segment that plays indeed."""
    film.whole()
    for name, (init, segment) in shot.items():
        film.put(film.place.init_key(name, 0), init)
        film.put(film.place.segment_key(name, 0, 1), segment)
    return film


def probe(path: Path) -> dict[str, Any]:
    argv = [str(FFPROBE), "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=120).stdout)
    return found


def test_a_clip_is_one_file_when_somebody_wants_it(
    world: World, clips: Gateway, real: Film, viewer: Caller, tmp_path: Path
) -> None:
    clip = create(clips, real, viewer)
    path = f"/api/clips/{clip['clip_id']}/file"
    answer = clips.call("POST", path)
    assert answer.status == 200, answer.body
    assert clips.call("POST", path).json == answer.json
    key = answer.json["url"].removeprefix("https://mill.example/")
    (tmp_path / "clip.mp4").write_bytes(world.stored(key)[key])
    found = probe(tmp_path / "clip.mp4")
    assert {stream["codec_name"]: stream["nb_read_frames"] for stream in found["streams"]}["h264"] == "50"
    assert {stream["codec_type"] for stream in found["streams"]} == {"video", "audio"}
    assert 1.9 < float(found["format"]["duration"]) < 2.2


def test_a_recording_has_a_poster_of_the_stream(
    world: World, ingest: Ingest, real: Film, ffmpeg: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("millrace.videos.processing.service.settle", lambda _video: None)
    recorder: ModuleType = load_function("record_stream")
    ingest.tell("end", real.grant)
    ended = next(event for event in world.heard() if event["detail-type"] == "StreamEnded")
    recorder.handler(ended, None)
    assert store.get(LiveSessionId(real.grant["session_id"])).is_recorded
    key = real.place.prefix + "poster.jpg"
    (tmp_path / "poster.jpg").write_bytes(world.stored(key)[key])
    stream = probe(tmp_path / "poster.jpg")["streams"][0]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("mjpeg", 320, 180)
