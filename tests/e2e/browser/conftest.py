"""What the tests of the pages share: a browser, and an origin whose API is a fake of our own interface."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.browser.chromium import chromium, page
from tests.e2e.browser.film import Film, make_film
from tests.e2e.browser.origin import Origin, serving
from tests.e2e.browser.screen import Screen
from tests.e2e.browser.site import built_site

__all__ = ["chromium", "page"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built pages."""
    # The parent folder is the one that all workers of a run share.
    return built_site(tmp_path_factory.getbasetemp().parent / "site.lock", tmp_path_factory.mktemp("site") / "dist")


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Return a film of twelve seconds in several chunks."""
    return make_film(tmp_path_factory.mktemp("film"))


@pytest.fixture
def origin(site: Path, film: Film) -> Iterator[Origin]:
    """Return an origin that serves the pages and the film, and has no video yet."""
    with serving(Origin(site, film.folder)) as origin:
        yield origin


@pytest.fixture
def screen(page: Page) -> Screen:
    """Return the page as a screen to watch."""
    return Screen(page)
