"""Whatever people have: each file plays through in the browser, in its shape and length, or is refused in a sentence.

Each film is played by one engine, in turns; MILLRACE_ODD_ENGINES=all plays each by every one.
"""

import os
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.browser.screen import Engine, Screen
from tests.e2e.conftest import Creator
from tests.media_fixtures.odd_files import ODD_FILES, OddFile, make_odd_file

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGINES: tuple[Engine, ...] = ("hls", "dash", "shaka", "shaka-hls")
FILMS = [odd for odd in ODD_FILES if odd.refusal is None]
REFUSED = [odd for odd in ODD_FILES if odd.refusal is not None]
# Half a frame of the slowest film, and what sound may be longer.
TOLERANCE_S = 0.6


def _plays() -> list[tuple[OddFile, Engine]]:
    if os.environ.get("MILLRACE_ODD_ENGINES") == "all":
        return [(odd, engine) for odd in FILMS for engine in ENGINES]
    return [(odd, ENGINES[number % len(ENGINES)]) for number, odd in enumerate(FILMS)]


@dataclass(frozen=True)
class Shelf:
    """The odd files, all uploaded at once; processing goes on while the first are watched."""

    owner: Creator
    ids: dict[str, str]

    def wait(self, odd: OddFile) -> dict[str, Any]:
        return self.owner.wait(self.ids[odd.name])

    def watch_url(self, odd: OddFile) -> str:
        return f"{self.owner.platform.edge_url}/watch/{self.ids[odd.name]}"


@pytest.fixture(scope="module")
def shelf(creator: Creator, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("odd")
    files = {odd.name: make_odd_file(odd, folder) for odd in ODD_FILES}
    return Shelf(creator, {name: creator.upload(path, title=name) for name, path in files.items()})


@pytest.mark.parametrize(("odd", "engine"), _plays(), ids=lambda value: getattr(value, "name", value))
def test_it_plays_through(shelf: Shelf, screen: Screen, odd: OddFile, engine: Engine) -> None:
    video = shelf.wait(odd)
    assert video["state"] == "ready", video["failure"]
    assert video["duration_ms"] / 1000 == pytest.approx(odd.seconds, abs=TOLERANCE_S)
    assert video["playback"]["storyboard_url"]
    cost = video["owner"]["processing_cost"]
    assert cost["cpu_s"] > 0
    assert min(cost["estimated"]["usd_micro"], cost["actual"]["usd_micro"]) > 0
    screen.open(shelf.watch_url(odd), engine)
    screen.play()
    screen.wait_ended()
    sight = screen.sight()
    assert sight.decoded > 0
    assert sight.position_s == pytest.approx(odd.seconds, abs=TOLERANCE_S)
    assert len(sight.buffered) == 1, f"there are gaps between {sight.buffered}"
    assert sight.size_px[0] / sight.size_px[1] == pytest.approx(odd.aspect, rel=0.04)
    assert sight.lightest - sight.darkest > 60, "a picture without light and shade"
    assert (sight.audio_bytes > 0) is (len(odd.lavfi) > 1)
    assert not sight.violations
    screen.seek(odd.seconds / 4)
    assert screen.error is None


@pytest.mark.parametrize("odd", REFUSED, ids=lambda odd: odd.name)
def test_it_is_refused_in_a_sentence(shelf: Shelf, odd: OddFile) -> None:
    video = shelf.wait(odd)
    assert (video["state"], video["failure"]["code"]) == ("failed", odd.refusal)
    assert video["failure"]["message"].endswith(".")
