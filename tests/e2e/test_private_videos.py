"""A private video is nobody's business but its owner's."""

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from tests.e2e.conftest import Creator, Platform
from tests.media_fixtures import make_clip

TIMEOUT_S = 30


@pytest.fixture(scope="module")
def secret(creator: Creator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A private video, ready."""
    clip = make_clip(tmp_path_factory.mktemp("clip") / "secret.mp4", seconds=5)
    found = creator.wait(creator.upload(clip, visibility="private"))
    assert found["state"] == "ready", found["failure"]
    return found


def test_others_do_not_learn_that_it_exists(secret: dict[str, Any], stranger: Creator, platform: Platform) -> None:
    path = f"/api/videos/{secret['video_id']}"
    unknown = stranger.call("GET", "/api/videos/01jd0000000000000000000000")
    for answer in (stranger.call("GET", path), stranger.call("POST", f"{path}/playback")):
        assert answer.status_code == 404
        assert answer.json()["detail"] == unknown.json()["detail"]
    assert requests.get(platform.edge_url + path, timeout=TIMEOUT_S).status_code == 404
    assert stranger.call("GET", f"{path}/upload").status_code == 404


def test_its_media_needs_a_cookie(secret: dict[str, Any], creator: Creator) -> None:
    url = secret["playback"]["hls_url"]
    segment = urljoin(url, "video_180p/seg_00001.m4s")
    for address in (url, segment):
        assert requests.get(address, timeout=TIMEOUT_S).status_code == 403
        forged = {"CloudFront-Policy": "e30_", "CloudFront-Signature": "AAAA", "CloudFront-Key-Pair-Id": "K1"}
        assert requests.get(address, cookies=forged, timeout=TIMEOUT_S).status_code == 403
    granted = creator.call("POST", f"/api/videos/{secret['video_id']}/playback")
    assert granted.status_code == 200
    assert set(granted.cookies.keys()) == {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}
    for address in (url, segment):
        assert requests.get(address, cookies=granted.cookies, timeout=TIMEOUT_S).status_code == 200


def test_a_cookie_opens_one_video_only(secret: dict[str, Any], creator: Creator, tmp_path: Path) -> None:
    other = creator.wait(creator.upload(make_clip(tmp_path / "other.mp4", seconds=2), visibility="private"))
    granted = creator.call("POST", f"/api/videos/{other['video_id']}/playback")
    cookies = dict(granted.cookies.items())
    assert requests.get(other["playback"]["hls_url"], cookies=cookies, timeout=TIMEOUT_S).status_code == 200
    assert requests.get(secret["playback"]["hls_url"], cookies=cookies, timeout=TIMEOUT_S).status_code == 403


@pytest.mark.parametrize(
    "written",
    [
        "/media/public/",
        "/media/public/../private/",
        "/media/%70rivate/",
        "/media%2Fprivate/",
        "/media/public/..%2Fprivate/",
    ],
)
def test_no_other_way_of_writing_its_address_leads_to_it(secret: dict[str, Any], written: str) -> None:
    address = secret["playback"]["hls_url"].replace("/media/private/", written)
    request = requests.Request("GET", address).prepare()
    # As it stands: the library would tidy the path up.
    request.url = address
    with requests.Session() as session:
        answer = session.send(request, timeout=TIMEOUT_S)
    assert answer.status_code in {400, 403, 404}
    assert "#EXTM3U" not in answer.text
