"""Watch a live stream in Chromium, and say how late its pictures are seen."""

import contextlib
import functools
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from scripts.browser import find_browser
from tests.e2e.browser.chromium import ARGUMENTS

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parent / "live_page"
RECORDER = PAGE / "recorder.js"
CLOCK_READER = ROOT / "scripts" / "streaming" / "clock_reader.js"
HLS_JS = ROOT / "frontends" / "node_modules" / "hls.js" / "dist" / "hls.mjs"
# A picture that stands for longer is a stall, whatever the element says.
STALL_MS = 500
FIRST_PICTURE_S = 60


@dataclass(frozen=True, slots=True)
class Watched:
    """What a viewer saw after the warm-up; times in seconds."""

    p50_s: float
    p95_s: float
    stalls: int
    longest_pause_s: float
    first_picture_s: float
    drift_s: float
    heap_growth_mb: float
    pictures: int
    errors: tuple[str, ...]
    load: float


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless Chromium that plays unasked."""
    program = find_browser()
    if program is None:
        raise SystemExit("There is no Chromium here: apt-get install chromium")
    arguments = [*ARGUMENTS, "--autoplay-policy=no-user-gesture-required", "--enable-precise-memory-info"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=arguments)
        yield browser
        browser.close()


@contextlib.contextmanager
def page_server() -> Iterator[str]:
    """Serve the page that plays any HLS address; return its address, to be followed by the stream's."""

    class Files(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            name = path.partition("?")[0].lstrip("/")
            return str(HLS_JS if name == "hls.mjs" else PAGE / name)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(PAGE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/page.html?"
        finally:
            server.shutdown()


def watch(browser: Browser, url: str, *, warm_up_s: float, seconds: float) -> Watched | None:
    """Watch for so many seconds after the warm-up; None where no picture came."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        for script in (CLOCK_READER, RECORDER):
            page.add_init_script(path=script)
        page.goto(url)
        until_s = time.monotonic() + FIRST_PICTURE_S
        # Not by wait_for_function: that is an eval(), which our pages forbid.
        while not page.evaluate("measured.samples.length"):
            if time.monotonic() > until_s:
                return None
            page.wait_for_timeout(100)
        page.wait_for_timeout((warm_up_s + seconds) * 1000)
        found: dict[str, Any] = page.evaluate("measured")
    finally:
        context.close()
    return summary(found, warm_up_s)


def summary(found: dict[str, Any], warm_up_s: float) -> Watched | None:
    """Sum up what the recorder noted."""
    first_ms = found["samples"][0][0]
    since_ms = first_ms + warm_up_s * 1000
    late = [(at, late_ms) for at, late_ms, _ in found["samples"] if at >= since_ms]
    if len(late) < 2:
        return None
    pauses = [length for at, length in found["pauses"] if at >= since_ms]
    stalls = [at for at, length in found["stalls"] if at >= since_ms and length > 50]
    values = sorted(value for _, value in late)
    return Watched(
        p50_s=quantile(values, 0.5) / 1000,
        p95_s=quantile(values, 0.95) / 1000,
        stalls=max(len(stalls), sum(1 for length in pauses if length > STALL_MS)),
        longest_pause_s=max(pauses, default=0) / 1000,
        first_picture_s=first_ms / 1000,
        drift_s=_drift_ms(late) / 1000,
        heap_growth_mb=_growth_mb([size for at, size in found["heap"] if at >= since_ms]),
        pictures=found["frames"],
        errors=tuple(dict.fromkeys(found["errors"])),
        load=os.getloadavg()[0],
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the sorted values does not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))]


def _drift_ms(late: Sequence[tuple[int, int]]) -> float:
    """Return the last tenth's median less the first tenth's."""
    tenth = max(1, len(late) // 10)
    begin, end = ([value for _, value in part] for part in (late[:tenth], late[-tenth:]))
    return statistics.median(end) - statistics.median(begin)


def _growth_mb(sizes: Sequence[int]) -> float:
    """Return the last tenth's lowest heap less the first tenth's: what garbage collection leaves."""
    tenth = max(1, len(sizes) // 10)
    return (min(sizes[-tenth:]) - min(sizes[:tenth])) / 1e6 if sizes else 0.0
