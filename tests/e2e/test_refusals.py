"""What is not a playable video ends in a sentence that its owner understands, and nothing of it is served."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Creator, Platform
from tests.media_fixtures import FFMPEG, make_clip

TIMEOUT_S = 30


def _text(path: Path) -> None:
    path.write_text("Dear diary, this is no film.\n" * 50)


def _playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:1/secret.ts\n#EXT-X-ENDLIST\n")


def _script(path: Path) -> None:
    path.write_text("#!/bin/sh\necho pwned\n")


def _concat(path: Path) -> None:
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")


def _truncated(path: Path) -> None:
    whole = make_clip(path.with_name("whole.mp4"), seconds=3)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def _cut_in_the_middle(path: Path) -> None:
    """The index stands in front, so only the media's own boxes tell that the end is missing."""
    whole = make_clip(path.with_name("whole.mp4"), seconds=3)
    moved = path.with_name("moved.mp4")
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", str(whole), "-c", "copy", "-movflags", "faststart", str(moved)]
    subprocess.run(command, check=True, timeout=60)
    path.write_bytes(moved.read_bytes()[: moved.stat().st_size // 2])


def _absurd_dimensions(path: Path) -> None:
    command = [FFMPEG, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=s=16384x32:r=5:d=1", "-c:v", "libx264"]
    subprocess.run([*command, "-preset", "ultrafast", str(path)], check=True, timeout=60)


def _only_sound(path: Path) -> None:
    command = [
        FFMPEG,
        "-nostdin",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "sine=d=2",
        "-c:a",
        "aac",
        "-f",
        "mp4",
        str(path),
    ]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (_text, "not_a_video", "not a video"),
        (_playlist, "playlist", "playlist"),
        (_script, "not_a_video", "script"),
        (_concat, "playlist", "upload the video file itself"),
        (_truncated, "truncated", "cut off"),
        (_cut_in_the_middle, "truncated", "cut off"),
        (_absurd_dimensions, "bad_dimensions", "16384"),
        (_only_sound, "no_video_stream", "sound but no video"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_bad_file_fails_in_words(
    creator: Creator, platform: Platform, tmp_path: Path, make: Callable[[Path], None], code: str, words: str
) -> None:
    source = tmp_path / "holiday.mp4"
    make(source)
    found = creator.wait(creator.upload(source))
    _assert_refused(found, code, words)
    assert not _stored_media(platform, found)


def test_an_upload_without_a_byte_fails_in_words(creator: Creator, platform: Platform, tmp_path: Path) -> None:
    announced = tmp_path / "announced.mp4"
    announced.write_bytes(b"x" * 10)
    created = creator.begin(announced)
    announced.write_bytes(b"")
    creator.send(announced, created["upload"])
    found = creator.wait(created["video"]["video_id"])
    _assert_refused(found, "empty_file", "empty")


def test_an_upload_that_lost_its_end_fails_in_words(creator: Creator, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4", seconds=2)
    created = creator.begin(whole)
    whole.write_bytes(whole.read_bytes()[:-1000])
    creator.send(whole, created["upload"])
    _assert_refused(creator.wait(created["video"]["video_id"]), "truncated", "not complete")


def _assert_refused(found: dict[str, Any], code: str, words: str) -> None:
    assert found["state"] == "failed"
    assert found["failure"]["code"] == code
    assert words in found["failure"]["message"]
    assert found["failure"]["message"].endswith(".")
    assert found["playback"] is None


def _stored_media(platform: Platform, found: dict[str, Any]) -> list[str]:
    s3 = platform.session().client("s3", endpoint_url=platform.emulator_url)
    bucket = platform.outputs["MediaBucket"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"media/public/{found['video_id']}/")
    return [entry["Key"] for entry in listed.get("Contents", [])]


def test_a_wrong_body_names_each_field(creator: Creator) -> None:
    answer = creator.call(
        "POST", "/api/videos", json={"title": "", "size_bytes": "many", "visibility": "secret", "x": 1}
    )
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    named = {error["field"] for error in answer.json()["errors"]}
    assert named == {"title", "filename", "size_bytes", "visibility", "x"}


def test_an_unknown_video_is_not_found(creator: Creator) -> None:
    for video_id in ("01jd0000000000000000000000", "nonsense"):
        answer = creator.call("GET", f"/api/videos/{video_id}")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_uploading_needs_an_account(platform: Platform) -> None:
    draft = {"title": "t", "filename": "f.mp4", "size_bytes": 1}
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = requests.post(f"{platform.edge_url}/api/videos", json=draft, headers=headers, timeout=TIMEOUT_S)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
