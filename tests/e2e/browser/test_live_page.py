"""The page of a live stream gets over what streams do in normal life, and says so when it cannot."""

import re
import time
from datetime import UTC, datetime

import pytest

from millrace.media.package import Growth, package
from tests.e2e.browser.film import Film
from tests.e2e.browser.origin import Origin
from tests.e2e.browser.screen import DEADLINE_S, Screen

pytestmark = pytest.mark.browser

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
MAIN = r"/main\.m3u8$"
MEDIA = r"/media\.m3u8$"


@pytest.fixture
def stream(origin: Origin, film: Film) -> Origin:
    """Return an origin with a stream that is live: the film, without an end."""
    origin.add_stream()
    picture = [film.tracks[rendition.name] for rendition in film.plan.renditions]
    sound = [film.tracks[track.name] for track in film.plan.audio]
    files = package(film.plan, picture, sound, growth=Growth(SINCE, datetime.now(UTC)))
    origin.faults |= {f"/{name}$": text.encode() for name, text in files.items()}
    return origin


def _asked(origin: Origin, pattern: str, times: int) -> None:
    """Wait until the page has asked that often for something."""
    until_s = time.monotonic() + DEADLINE_S
    while sum(bool(re.search(pattern, asked)) for asked in origin.asked) < times:
        assert time.monotonic() < until_s, origin.asked
        time.sleep(0.05)


def test_a_stream_whose_first_segment_is_not_complete_is_waited_for(stream: Origin, screen: Screen) -> None:
    good = dict(stream.faults)
    empty = b"#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
    stream.faults = {MEDIA: empty, **good}
    screen.page.goto(stream.live_url)
    # With sound and picture each, more often than hls.js would ask by its defaults.
    _asked(stream, MEDIA, 8)
    stream.faults = good
    screen.play()
    screen.wait_position(2)
    assert screen.detail is None


@pytest.mark.parametrize("fault", [404, 503, b"nonsense"])
def test_a_stream_comes_back_by_itself(stream: Origin, screen: Screen, fault: int | bytes) -> None:
    good = stream.faults
    stream.faults = {MAIN: fault, **good}
    screen.page.goto(stream.live_url)
    _asked(stream, MAIN, 4)
    stream.faults = good
    screen.play()
    screen.wait_position(2)
    assert screen.detail is not None
    assert screen.detail.startswith("hls.js manifest")
    assert screen.error is None


def test_a_stream_that_stays_away_is_told_with_its_cause(stream: Origin, screen: Screen) -> None:
    stream.faults = {MAIN: 404, **stream.faults}
    # Minutes of patience in a moment.
    hasten = "const wait = setTimeout; globalThis.setTimeout = (then, ms, ...rest) => wait(then, ms / 20, ...rest);"
    screen.page.add_init_script(hasten)
    screen.page.goto(stream.live_url)
    screen.wait_state("error")
    assert screen.error == "missing"
    notice = screen.page.get_by_role("alert")
    assert "hls.js manifestLoadError 404" in notice.inner_text()
