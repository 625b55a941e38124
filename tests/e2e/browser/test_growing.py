"""A film that is watched while it is still being encoded: it plays what there is, waits, and goes on to its end."""

import re
from datetime import UTC, datetime

import pytest

from millrace.media.package import Growth, MeasuredTrack, package
from tests.e2e.browser.film import Film
from tests.e2e.browser.origin import Origin
from tests.e2e.browser.screen import Engine, Screen

pytestmark = pytest.mark.browser

ENGINES: tuple[Engine, ...] = ("hls", "dash", "shaka")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def _show(origin: Origin, film: Film, segments: int) -> None:
    """Let the film's playlists hold its first segments only, as while it is encoded."""
    picture = [_first(film.tracks[rendition.name], segments) for rendition in film.plan.renditions]
    sound = [_first(film.tracks[track.name], segments) for track in film.plan.audio]
    files = package(film.plan, picture, sound, growth=Growth(SINCE, datetime.now(UTC)))
    origin.faults = {f"/{name}$": text.encode() for name, text in files.items()}


def _first(track: MeasuredTrack, segments: int) -> MeasuredTrack:
    return track.model_copy(update={"segments": track.segments[:segments]})


@pytest.mark.parametrize("engine", ENGINES)
def test_a_film_that_grows_plays_from_its_beginning_and_to_its_end(
    origin: Origin, film: Film, screen: Screen, engine: Engine
) -> None:
    base = origin.add_video("processing", playback=origin.add_video()["playback"], duration_ms=12_000)
    assert base["state"] == "processing"
    _show(origin, film, 1)
    screen.open(origin.watch_url, engine)
    screen.play()
    screen.wait_position(2)
    _show(origin, film, 2)
    screen.wait_position(6)
    assert screen.sight().frames[0][0] < 1, "it did not begin at its beginning"
    origin.faults = {}
    origin.add_video("ready")
    screen.wait_ended()
    sight = screen.sight()
    assert sight.duration_s == pytest.approx(film.duration_s, abs=0.1)
    assert sight.number == film.plan.frame_count - 1
    assert {int(time_s) for time_s, _ in sight.frames} == set(range(int(film.duration_s))), (
        "whole seconds were not shown"
    )
    assert not sight.violations, sight.violations


@pytest.mark.parametrize("engine", ENGINES)
def test_a_film_that_grows_goes_on_though_play_was_pressed_before_it_was_known(
    origin: Origin, film: Film, screen: Screen, engine: Engine
) -> None:
    origin.add_video("processing", playback=origin.add_video()["playback"], duration_ms=12_000)
    _show(origin, film, 1)
    origin.held = r"/(manifest\.mpd|main\.m3u8)$"
    with screen.page.expect_request(re.compile(origin.held)):
        screen.page.goto(f"{origin.watch_url}?engine={engine}")
    screen.page.evaluate("() => { document.querySelector('video').play().catch(() => undefined); }")
    origin.held = None
    screen.wait_position(2)
    _show(origin, film, 2)
    screen.wait_position(6)
