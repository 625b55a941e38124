"""What viewers of a live stream see in a browser: the clock in the picture tells how late they see it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from playwright.sync_api import Page, expect

from scripts.streaming.clock_picture import ClockPicture, bar_bits
from tests.e2e.browser.chromium import chromium, page
from tests.e2e.browser.screen import Screen
from tests.e2e.conftest import ROOT, TIMEOUT_S, Creator, Platform, command_environment
from tests.e2e.live.publisher import eventually

__all__ = ["chromium", "page"]

pytestmark = pytest.mark.browser

CLOCK_READER = ROOT / "scripts" / "streaming" / "clock_reader.js"
# Generous, for a machine that does much else; benchmarks/live.py measures.
LATE_S = 20
LATENCIES = """
    () => { const v = document.querySelector('video');
            const at = v && globalThis.readClock(v); return at === null || at === undefined ? null : Date.now() - at; }
"""


@contextmanager
def streaming(platform: Platform, *options: str) -> Iterator[dict[str, str]]:
    """Run `./millrace stream` while the block runs, then end it as a person does, with Ctrl+C; give its words."""
    argv = [str(ROOT / "millrace"), "stream", "--test-pattern", "--size", "240p", "--fps", "15", *options]
    told: dict[str, str] = {}
    process = subprocess.Popen(
        argv, env=command_environment(platform.home), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            name, _, value = line.strip().partition(" ")
            told[name] = value.strip()
            if line.startswith("  Ctrl+C"):
                break
        yield told
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=120)
        sys.stderr.write(rest)
        told["end"] = rest


def test_the_clock_in_the_picture_is_the_one_that_was_drawn(page: Page) -> None:
    at_ms = 1_790_000_000_123
    picture = ClockPicture(480, 60)
    strip = picture.frame(at_ms)
    bars = strip[:480]
    assert tuple(bars[x * 10 + 5] > 128 for x in range(48)) == bar_bits(at_ms)
    page.add_script_tag(path=CLOCK_READER)
    levels = list(strip)
    read = page.evaluate(
        """levels => {
            const canvas = new OffscreenCanvas(480, 240);
            const pen = canvas.getContext('2d');
            const image = pen.createImageData(480, 240);
            levels.forEach((level, i) => image.data.set([level, level, level, 255], i * 4));
            pen.putImageData(image, 0, 0);
            canvas.videoWidth = 480;
            canvas.videoHeight = 240;
            return globalThis.readClock(canvas);
        }""",
        levels,
    )
    assert read % 2**40 == at_ms % 2**40


def test_a_stream_is_seen_while_it_happens_and_is_a_video_afterwards(creator: Creator, page: Page) -> None:
    page.add_init_script(path=CLOCK_READER)
    screen = Screen(page)
    with streaming(creator.platform, "--title", "The clock") as told:
        screen.open(told["Watch"])
        screen.play()
        expect(page.get_by_role("heading", name="The clock")).to_be_visible()
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "yes", timeout=60_000)
        first_ms = eventually(lambda: page.evaluate(LATENCIES))
        assert 0 < first_ms < LATE_S * 1000
        position_s = screen.sight().position_s
        screen.wait_position(position_s + 4)
        assert page.evaluate(LATENCIES) < LATE_S * 1000
    page.locator('[data-stream="ended"]').wait_for(timeout=90_000)
    recording = re.search(r"http\S+/watch/\S+", told["end"])
    assert recording is not None
    page.get_by_role("link", name="Watch the recording").click()
    screen.wait_state("playing", "paused")
    assert page.url == recording.group()
    screen.play()
    screen.wait_position(2)
    assert eventually(lambda: page.evaluate(LATENCIES)) > first_ms


def test_a_test_stream_is_its_streamers_alone(creator: Creator, page: Page) -> None:
    with streaming(creator.platform, "--test") as told:
        page.goto(told["Watch"])
        page.locator('[data-stream="missing"]').wait_for(timeout=60_000)


def test_the_page_of_a_channel_waits_for_its_stream(creator: Creator, page: Page) -> None:
    with streaming(creator.platform, "--test"):
        # The first stream of the account made its channel.
        handle = _own_handle(creator.platform)
    page.goto(f"{creator.platform.edge_url}/live/@{handle}")
    page.locator('[data-stream="offline"]').wait_for(timeout=60_000)
    with streaming(creator.platform):
        screen = Screen(page)
        screen.wait_state("paused", "playing", deadline_s=90)
        # Whether it runs unasked is the browser's choice.
        screen.play()


def _own_handle(platform: Platform) -> str:
    """Return the handle of the channel of this machine's own account."""
    account = json.loads((platform.home / "credentials.json").read_text())
    signed_in = requests.post(f"{platform.edge_url}/api/auth/sign-in", json=account, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    channels = requests.get(f"{platform.edge_url}/api/me/channels", headers=headers, timeout=TIMEOUT_S)
    return str(channels.json()["items"][0]["handle"])
