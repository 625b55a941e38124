"""What comes with a film, on the whole platform: pictures, captions, and one file to keep."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from tests.e2e.conftest import TIMEOUT_S, Creator
from tests.integration.emulator.servers import eventually
from tests.media_fixtures import make_clip, read_barcodes

SECONDS = 7
SRT = "1\n00:00:01,000 --> 00:00:02,500\nGood morning.\n"


@pytest.fixture(scope="module")
def video(creator: Creator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    clip = make_clip(tmp_path_factory.mktemp("extras") / "extras.mp4", seconds=SECONDS, size=(256, 144), rate=25)
    found = creator.wait(creator.upload(clip, visibility="unlisted"))
    assert found["state"] == "ready", found["failure"]
    return found


def fetched(url: str) -> requests.Response:
    answer = requests.get(url, timeout=TIMEOUT_S)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return answer


def test_a_film_has_pictures(creator: Creator, video: dict[str, Any], tmp_path: Path) -> None:
    playback = video["playback"]
    index = fetched(playback["storyboard_url"])
    assert index.headers["content-type"].startswith("text/vtt")
    assert len(re.findall(r"storyboard_001\.jpg#xywh=", index.text)) == 4
    (tmp_path / "sheet.jpg").write_bytes(fetched(urljoin(playback["storyboard_url"], "storyboard_001.jpg")).content)
    assert read_barcodes(tmp_path / "sheet.jpg", "untile=4x1") == [0, 50, 100, 150]
    (tmp_path / "preview.mp4").write_bytes(fetched(playback["preview_url"]).content)
    assert len(read_barcodes(tmp_path / "preview.mp4")) > 25

    posters = video["owner"]["posters"]
    assert posters
    chosen = creator.call("PUT", f"/api/videos/{video['video_id']}/poster", json={"candidate": 1})
    assert chosen.status_code == 200, chosen.text
    assert fetched(chosen.json()["playback"]["poster_url"]).content == fetched(posters[0]).content


def test_captions_reach_both_manifests_and_leave_them(creator: Creator, video: dict[str, Any]) -> None:
    path = f"/api/videos/{video['video_id']}/captions/en"
    body = {"label": "English", "kind": "captions", "text": SRT}
    assert creator.call("PUT", path, json=body).status_code == 200
    playback = video["playback"]

    def manifests_say(check: Callable[[str], bool]) -> None:
        for name in ("hls_url", "dash_url"):
            assert check(fetched(playback[name]).text), name

    eventually(lambda: manifests_say(lambda text: "captions/en-" in text), within_s=90)
    found = re.search(r'URI="(captions/en-\w+/media\.m3u8)"', fetched(playback["hls_url"]).text)
    assert found
    playlist = urljoin(playback["hls_url"], found[1])
    assert "Good morning." in fetched(urljoin(playlist, "seg_00001.vtt")).text
    assert fetched(playlist).text.rstrip().endswith("#EXT-X-ENDLIST")

    assert creator.call("DELETE", path).status_code == 204
    eventually(lambda: manifests_say(lambda text: "captions/en-" not in text), within_s=90)


def test_an_owner_downloads_the_film(
    creator: Creator, stranger: Creator, video: dict[str, Any], tmp_path: Path
) -> None:
    path = f"/api/videos/{video['video_id']}/download"
    assert stranger.call("POST", path).status_code == 404
    assert creator.call("POST", path).status_code == 202

    def is_ready() -> dict[str, Any]:
        found: dict[str, Any] = creator.call("GET", path).json()
        assert found["state"] == "ready"
        return found

    found = eventually(is_ready, within_s=90)
    (tmp_path / "film.mp4").write_bytes(fetched(found["url"]).content)
    assert read_barcodes(tmp_path / "film.mp4") == list(range(SECONDS * 25))
