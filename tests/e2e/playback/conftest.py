"""Films on the real platform, and the browser that watches them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.browser.chromium import chromium, page
from tests.e2e.browser.screen import Screen
from tests.e2e.conftest import Creator
from tests.media_fixtures import make_clip

__all__ = ["chromium", "page"]

SECONDS = 18
FRAME_RATE = 25


@dataclass(frozen=True, slots=True)
class Published:
    """A clip of numbered frames that the platform has made ready."""

    owner: Creator
    video: dict[str, Any]

    @property
    def watch_url(self) -> str:
        """Return the address of its page."""
        return f"{self.owner.platform.edge_url}/watch/{self.video['video_id']}"

    @property
    def frame_count(self) -> int:
        """Return how many frames it has."""
        return SECONDS * FRAME_RATE


def _publish(owner: Creator, folder: Path, visibility: str) -> Published:
    clip = make_clip(folder / "film.mp4", seconds=SECONDS, size=(426, 240), rate=FRAME_RATE)
    video = owner.wait(owner.upload(clip, title="The numbers", visibility=visibility))
    assert video["state"] == "ready", video["failure"]
    return Published(owner, video)


@pytest.fixture(scope="session")
def film(creator: Creator, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A film that everybody may watch."""
    return _publish(creator, tmp_path_factory.mktemp("public"), "public")


@pytest.fixture(scope="session")
def secret(creator: Creator, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A film that only its owner may watch."""
    return _publish(creator, tmp_path_factory.mktemp("private"), "private")


@pytest.fixture
def screen(page: Page) -> Screen:
    """Return the page as a screen to watch."""
    return Screen(page)
