"""Fixtures: the machine's Chromium, and a page of it that notes what a viewer would see."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser.screen import RECORDER

EXECUTABLE = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))

ARGUMENTS = (
    # Containers and CI run as root, where the sandbox refuses to start.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # A browser under test calls nobody but the page's origin.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


# One browser a module, not a session: Playwright keeps an event loop running in this thread while it is open, and
# a test elsewhere that calls asyncio.run() could not.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a headless Chromium; without one, skip, or fail where CI says that it must be there."""
    if not EXECUTABLE.exists():
        reason = f"no Chromium at {EXECUTABLE}: install Debian's package chromium, or set CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Return an empty page with the recorder; errors that its scripts do not catch fail the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    context.add_init_script(path=RECORDER)
    page = context.new_page()
    page.set_default_timeout(30_000)
    uncaught: list[str] = []
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    yield page
    context.close()
    assert not uncaught, uncaught
