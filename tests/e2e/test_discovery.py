"""A film goes from its upload into search and feeds, and out again, without anybody's help."""

from typing import Any

import pytest
import requests

from tests.e2e.conftest import Creator, Platform
from tests.integration.emulator.servers import eventually
from tests.media_fixtures import make_clip

TIMEOUT_S = 30
FOUND_WITHIN_S = 5
# The ranking is made once a minute here, and a busy machine takes its time.
RANKED_WITHIN_S = 150


@pytest.fixture(scope="module")
def film(creator: Creator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A public video, ready."""
    clip = make_clip(tmp_path_factory.mktemp("clip") / "mill.mp4", seconds=2)
    found = creator.wait(creator.upload(clip, title="Restoring a Wasserrädchen", tags=["mills"], category="howto"))
    assert found["state"] == "ready", found["failure"]
    return found


def ids(platform: Platform, path: str) -> list[str]:
    answer = requests.get(f"{platform.edge_url}/api/{path}", timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return [item["video_id"] for item in answer.json()["items"]]


def test_a_film_is_found_as_soon_as_it_can_be_watched(film: dict[str, Any], platform: Platform) -> None:
    def is_everywhere() -> None:
        for path in ("search?q=wasserradchn", "search?q=rest", "feed/home", "categories/howto"):
            assert film["video_id"] in ids(platform, path), path

    eventually(is_everywhere, within_s=FOUND_WITHIN_S)


def test_a_film_that_becomes_private_is_gone_with_the_answer(
    film: dict[str, Any], creator: Creator, platform: Platform
) -> None:
    path = f"/api/videos/{film['video_id']}"
    assert creator.call("POST", f"{path}/unpublish").status_code == 200
    for listed in ("search?q=restoring", "feed/home", "categories/howto", "feed/trending"):
        assert film["video_id"] not in ids(platform, listed)

    assert creator.call("POST", f"{path}/publish", json={}).status_code == 200

    def is_back() -> None:
        assert film["video_id"] in ids(platform, "search?q=restoring")

    eventually(is_back, within_s=FOUND_WITHIN_S)


@pytest.mark.slow
def test_what_is_watched_trends(film: dict[str, Any], platform: Platform) -> None:
    path = f"{platform.edge_url}/api/videos/{film['video_id']}/playback"
    assert requests.post(path, json={}, timeout=TIMEOUT_S).status_code == 200

    def is_trending() -> None:
        assert film["video_id"] in ids(platform, "feed/trending")

    eventually(is_trending, within_s=RANKED_WITHIN_S)
