"""A real clip goes in through the public API and comes out through the edge, every frame of it."""

import json
import subprocess
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
import requests

from millrace.media import dash, hls
from millrace.media.validate import Severity, validate
from scripts.millrace_cli.reading import Web
from tests.e2e.conftest import Creator, Platform
from tests.media_fixtures import FFMPEG, FFPROBE, decode_errors, first_beep_s, flash_frames, make_clip, read_barcodes

SECONDS = 18
RATE = 30
FRAMES = SECONDS * RATE
# Less than half a frame: nobody can tell.
SYNC_TOLERANCE_S = 0.015
TIMEOUT_S = 30

Video = dict[str, Any]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen seconds, so that there are several chunks; a size that gives more than one rendition."""
    return make_clip(tmp_path_factory.mktemp("clip") / "film.mp4", seconds=SECONDS, size=(426, 240), rate=RATE)


@pytest.fixture(scope="module")
def film(creator: Creator, clip: Path) -> Video:
    """The clip, uploaded and ready."""
    found = creator.wait(creator.upload(clip, title="A film", description="In numbers."))
    assert found["state"] == "ready", found["failure"]
    return found


@pytest.fixture(scope="module")
def tracks(film: Video, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every track of the film, joined from what the edge serves, by the name of its folder."""
    folder = tmp_path_factory.mktemp("tracks")
    url = film["playback"]["hls_url"]
    main = hls.parse_multivariant(_get(url).text)
    uris = [*(variant.uri for variant in main.variants), *(sound.uri for sound in main.audio)]
    return {uri.split("/")[0]: _join(urljoin(url, uri), folder / f"{uri.split('/')[0]}.mp4") for uri in uris}


def _get(url: str) -> requests.Response:
    answer = requests.get(url, timeout=TIMEOUT_S)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return answer


def _join(playlist_url: str, target: Path) -> Path:
    """Join a media playlist's init segment and segments, as a player does."""
    playlist = hls.parse_media(_get(playlist_url).text)
    assert playlist.has_ended
    init = playlist.segments[0].init
    assert init is not None
    uris = [init.uri, *(segment.uri for segment in playlist.segments)]
    target.write_bytes(b"".join(_get(urljoin(playlist_url, uri)).content for uri in uris))
    return target


@pytest.mark.parametrize("entry", ["hls_url", "dash_url"])
def test_our_checker_finds_no_fault_in_what_the_edge_serves(film: Video, entry: str) -> None:
    with httpx.Client(follow_redirects=True) as client:
        found = list(validate(film["playback"][entry], Web(client)))
    assert [each for each in found if each.severity is not Severity.INFO] == []


def test_every_frame_of_the_source_is_there_once_in_every_rendition(tracks: dict[str, Path]) -> None:
    pictures = [path for name, path in tracks.items() if not name.startswith("audio")]
    assert len(pictures) == 2
    for picture in pictures:
        assert read_barcodes(picture) == list(range(FRAMES))
        assert decode_errors(picture) == ""


def test_the_sound_is_where_the_picture_is(tracks: dict[str, Path]) -> None:
    flash_s = flash_frames(tracks["video_240p"])[0] / RATE
    assert abs(first_beep_s(tracks["audio_und"]) - flash_s) < SYNC_TOLERANCE_S


def test_the_owner_reads_how_loud_the_film_is_and_that_nothing_was_changed(film: Video) -> None:
    owner = film["owner"]
    assert -40 < owner["loudness_lufs"] < -5
    assert -3 < owner["true_peak_dbtp"] < 1
    assert owner["notes"] == []


def test_hls_and_dash_name_the_same_segments(film: Video, tracks: dict[str, Path]) -> None:
    manifest = dash.parse(_get(film["playback"]["dash_url"]).text)
    names = {each.id for adaptation_set in manifest.adaptation_sets for each in adaptation_set.representations}
    assert names == set(tracks)
    assert abs(float(manifest.duration_s or 0) - SECONDS) < 0.05


def test_the_hls_address_plays_in_ffmpeg(film: Video) -> None:
    """DASH is for the browsers' tests: this build of ffmpeg cannot read manifests."""
    url = film["playback"]["hls_url"]
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", url, "-map", "0:v:0", "-map", "0:a:0", "-f", "null", "-"]
    played = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert played.returncode == 0, played.stderr
    assert _stream(url, "v:0", "-count_packets", "nb_read_packets") == str(FRAMES)


def _stream(url: str, stream: str, option: str, entry: str) -> str:
    command = [FFPROBE, "-v", "error", option, "-select_streams", stream, "-show_entries", f"stream={entry}"]
    answer = subprocess.run([*command, "-of", "json", url], capture_output=True, timeout=120, check=True)
    return str(json.loads(answer.stdout)["streams"][0][entry])


def test_the_video_tells_its_owner_what_it_is(film: Video) -> None:
    assert film["title"] == "A film"
    assert film["duration_ms"] == SECONDS * 1000
    assert (film["width_px"], film["height_px"]) == (426, 240)
    assert film["renditions"] == ["240p", "144p"]
    assert film["progress_percent"] == 100
    assert film["failure"] is None


def test_the_poster_is_a_picture_of_the_film(film: Video) -> None:
    answer = _get(film["playback"]["poster_url"])
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert _stream(film["playback"]["poster_url"], "v:0", "-count_packets", "width") == "426"


def test_the_second_viewer_of_a_segment_is_served_by_the_edge(film: Video) -> None:
    segment = urljoin(film["playback"]["hls_url"], "video_144p/seg_00002.m4s")
    _get(segment)
    again = requests.get(segment, headers={"Range": "bytes=0-99"}, timeout=TIMEOUT_S)
    assert again.status_code == 206
    assert len(again.content) == 100
    assert again.headers["X-Cache"].startswith("Hit")
    assert "immutable" in again.headers["Cache-Control"]
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_progress_can_be_watched(creator: Creator, clip: Path) -> None:
    video_id = creator.upload(clip)
    seen = [creator.video(video_id)]
    while seen[-1]["state"] not in {"ready", "failed"}:
        seen.append(creator.video(video_id))
    percents = [found["progress_percent"] for found in seen]
    assert seen[-1]["state"] == "ready"
    assert percents == sorted(percents)
    assert len(set(percents)) > 2


def test_an_event_that_comes_twice_starts_nothing(creator: Creator, film: Video, platform: Platform) -> None:
    key = "/".join(film["playback"]["hls_url"].split("/")[-3:-1])
    event = {"detail": {"object": {"key": f"uploads/{key}/source", "size": 1}}}
    functions = platform.session().client("lambda", endpoint_url=platform.emulator_url)
    for _ in range(2):
        answer = functions.invoke(FunctionName="millrace-start-transcode", Payload=json.dumps(event))
        assert "FunctionError" not in answer
    workflows = platform.session().client("stepfunctions", endpoint_url=platform.emulator_url)
    machine = platform.outputs["TranscodeStateMachine"]
    executions = workflows.list_executions(stateMachineArn=machine)["executions"]
    assert [found["name"] for found in executions].count(key.replace("/", "-")) == 1
    assert creator.video(film["video_id"])["state"] == "ready"


def test_the_bus_tells_of_every_turn(creator: Creator, clip: Path, platform: Platform) -> None:
    heard = _listen(platform)
    video_id = creator.upload(clip)
    creator.wait(video_id)
    told: dict[str, Any] = {}
    deadline_s = time.monotonic() + TIMEOUT_S
    while "VideoReady" not in told and time.monotonic() < deadline_s:
        told |= {event["detail-type"]: event["detail"] for event in heard()}
    assert {"VideoUploaded", "VideoPlayable", "VideoReady"} <= set(told)
    assert told["VideoReady"]["video_id"] == video_id
    assert told["VideoReady"]["duration_ms"] == SECONDS * 1000


def _listen(platform: Platform) -> Callable[[], list[dict[str, Any]]]:
    """Put a queue behind the bus; return what takes the news out of it."""
    queues = platform.session().client("sqs", endpoint_url=platform.emulator_url)
    rules = platform.session().client("events", endpoint_url=platform.emulator_url)
    queue = queues.create_queue(QueueName="heard")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus = platform.outputs["EventBus"]
    rules.put_rule(Name="heard", EventBusName=bus, EventPattern=json.dumps({"source": ["millrace"]}))
    rules.put_targets(Rule="heard", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])

    def take() -> list[dict[str, Any]]:
        answer = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return take


def test_an_upload_goes_on_where_it_stopped(creator: Creator, clip: Path) -> None:
    created = creator.begin(clip)
    video_id = created["video"]["video_id"]
    path = f"/api/videos/{video_id}/upload"
    first = creator.call("GET", path).json()
    assert [part["etag"] for part in first["parts"]] == [None]
    requests.put(first["parts"][0]["url"], data=clip.read_bytes(), timeout=TIMEOUT_S).raise_for_status()
    assert creator.call("GET", path).json()["parts"][0]["etag"]
    creator.send(clip, created["upload"])
    assert creator.wait(video_id)["state"] == "ready"
    assert creator.call("GET", path).status_code == 409


def test_odd_sources_come_out_right(creator: Creator, tmp_path: Path) -> None:
    """NTSC frame rate, portrait, no sound, odd height, in Matroska."""
    source = make_clip(tmp_path / "odd.mkv", seconds=6, size=(180, 322), rate=Fraction(30000, 1001), audio=False)
    found = creator.wait(creator.upload(source))
    assert found["state"] == "ready", found["failure"]
    url = found["playback"]["hls_url"]
    main = hls.parse_multivariant(_get(url).text)
    joined = _join(urljoin(url, main.variants[0].uri), tmp_path / "odd.mp4")
    assert read_barcodes(joined) == list(range(round(6 * Fraction(30000, 1001))))
    assert not main.audio
