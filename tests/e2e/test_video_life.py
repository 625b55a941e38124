"""A video's life on the whole platform: its real workflows move, schedule, replace and delete what the edge serves."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Creator, Platform
from tests.media_fixtures import make_clip

TIMEOUT_S = 30
# The edge asks for invalidations every two seconds, and a laptop is busy.
SOON_S = 60


def soon(check: Callable[[], Any]) -> Any:
    """Return what the check returns once it is neither false nor an AssertionError."""
    deadline_s = time.monotonic() + SOON_S
    while not (found := check()):
        assert time.monotonic() < deadline_s
        time.sleep(0.2)
    return found


def status(url: str, **cookies: str) -> int:
    return requests.get(url, cookies=cookies, timeout=TIMEOUT_S).status_code


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "life.mp4", seconds=2)


@pytest.fixture
def video(creator: Creator, clip: Path) -> Iterator[dict[str, Any]]:
    """A public video, ready; deleted at the end."""
    found = creator.wait(creator.upload(clip))
    assert found["state"] == "ready", found["failure"]
    yield found
    creator.call("DELETE", f"/api/videos/{found['video_id']}")


def test_what_is_hidden_leaves_the_open_and_its_caches(
    creator: Creator, stranger: Creator, video: dict[str, Any]
) -> None:
    path = f"/api/videos/{video['video_id']}"
    before = video["playback"]["hls_url"]
    assert "/media/public/" in before
    assert status(before) == 200
    assert creator.call("PATCH", path, json={"visibility": "private"}).status_code == 200
    assert stranger.call("GET", path).status_code == 404
    soon(lambda: status(before) in {403, 404})
    hidden = creator.video(video["video_id"])["playback"]["hls_url"]
    assert "/media/private/" in hidden
    assert status(hidden) == 403
    granted = creator.call("POST", f"{path}/playback?bind_address=true&lifetime_s=600")
    assert status(hidden, **dict(granted.cookies.items())) == 200

    creator.call("PATCH", path, json={"visibility": "unlisted"})
    shown = soon(lambda: _public(stranger.video(video["video_id"])["playback"]["hls_url"]))
    soon(lambda: status(shown) == 200)


def _public(url: str) -> str:
    return url if "/media/public/" in url else ""


def test_a_deleted_video_cannot_be_fetched_any_more(creator: Creator, video: dict[str, Any]) -> None:
    url = video["playback"]["hls_url"]
    assert status(url) == 200
    assert creator.call("DELETE", f"/api/videos/{video['video_id']}").status_code == 204
    assert creator.call("GET", f"/api/videos/{video['video_id']}").status_code == 404
    soon(lambda: status(url) in {403, 404})


def test_a_scheduled_video_publishes_itself(creator: Creator, stranger: Creator, video: dict[str, Any]) -> None:
    path = f"/api/videos/{video['video_id']}"
    hour = datetime.now(UTC) + timedelta(seconds=4)
    scheduled = creator.call("POST", f"{path}/publish", json={"publish_at": hour.isoformat()})
    assert scheduled.json()["status"] == "scheduled"
    assert stranger.call("GET", path).status_code == 404
    soon(lambda: stranger.call("GET", path).status_code == 200)
    assert datetime.now(UTC) >= hour
    url = soon(lambda: _public(stranger.video(video["video_id"])["playback"]["hls_url"]))
    assert status(url) == 200


def test_the_old_film_plays_until_the_new_one_is_ready(creator: Creator, video: dict[str, Any], tmp_path: Path) -> None:
    longer = make_clip(tmp_path / "longer.mp4", seconds=3)
    path = f"/api/videos/{video['video_id']}"
    body = {"filename": longer.name, "size_bytes": longer.stat().st_size}
    creator.send(longer, creator.call("POST", f"{path}/replacement", json=body).json()["upload"])

    def replaced() -> dict[str, Any] | None:
        found = creator.video(video["video_id"])
        assert found["state"] == "ready"
        assert status(found["playback"]["hls_url"]) == 200
        return found if found["owner"]["replacement"] is None else None

    found = soon(replaced)
    assert found["duration_ms"] > video["duration_ms"] + 500
    assert found["playback"]["hls_url"] != video["playback"]["hls_url"]
    assert status(video["playback"]["hls_url"]) == 200, "who has it open may watch it to its end"


def test_keys_rotate_without_interrupting_anybody(platform: Platform, creator: Creator, clip: Path) -> None:
    video = creator.wait(creator.upload(clip, visibility="private"))
    url, path = video["playback"]["hls_url"], f"/api/videos/{video['video_id']}/playback"
    old = dict(creator.call("POST", path).cookies.items())
    platform.cli("media-key", "rotate")

    def signed_by_another_key() -> dict[str, str] | None:
        found = dict(creator.call("POST", path).cookies.items())
        return found if found["CloudFront-Key-Pair-Id"] != old["CloudFront-Key-Pair-Id"] else None

    new = soon(signed_by_another_key)
    soon(lambda: status(url, **new) == 200)
    assert status(url, **old) == 200
    platform.cli("media-key", "retire")
    soon(lambda: status(url, **old) == 403)
    assert status(url, **new) == 200
