"""A film that went through the whole platform, watched in a real browser through the edge."""

from fractions import Fraction

import pytest
from playwright.sync_api import expect

from tests.e2e.browser.screen import Engine, Screen, check_picture, check_seen
from tests.e2e.playback.conftest import FRAME_RATE, SECONDS, Published

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGINES: tuple[Engine, ...] = ("hls", "dash")

# The platform cuts where segments of four seconds end, and gives the first two a chunk each: both sides of each
# cut, and of one within a chunk.
CUTS = (99, 101, 199, 201, 299, 301)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_film_plays_to_its_end_across_every_chunk(film: Published, screen: Screen, engine: Engine) -> None:
    screen.open(film.watch_url, engine)
    screen.play()
    screen.wait_ended()
    sight = screen.sight()
    check_seen(sight, frame_rate=Fraction(FRAME_RATE))
    assert sight.duration_s == pytest.approx(SECONDS, abs=0.05)
    assert sight.position_s == pytest.approx(sight.duration_s, abs=0.05)
    assert sight.number == film.frame_count - 1
    assert {int(time_s) for time_s, _ in sight.frames} == set(range(SECONDS)), "whole seconds were not shown"


@pytest.mark.parametrize("engine", ENGINES)
def test_seeking_shows_the_frame_of_that_time(film: Published, screen: Screen, engine: Engine) -> None:
    screen.open(film.watch_url, engine)
    screen.pause()
    for number in (film.frame_count - 10, 30, *CUTS):
        screen.seek((number + 0.5) / FRAME_RATE)
        screen.wait_number(number)
        check_picture(screen.sight())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_film_goes_on_after_a_seek(film: Published, screen: Screen, engine: Engine) -> None:
    screen.open(film.watch_url, engine)
    screen.play()
    screen.seek(11)
    screen.wait_position(13)
    check_seen(screen.sight(), frame_rate=Fraction(FRAME_RATE))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_quality_can_be_chosen(film: Published, screen: Screen, engine: Engine) -> None:
    screen.open(film.watch_url, engine)
    menu = screen.page.get_by_label("Quality")
    expect(menu.locator("option")).to_contain_text(["Automatic", *film.video["renditions"]])
    for label, width_px in (("144p", 256), ("240p", 426)):
        screen.seek(0)
        screen.play()
        menu.select_option(label)
        screen.wait_width(width_px)


def test_a_private_film_does_not_exist_for_a_stranger(secret: Published, screen: Screen) -> None:
    page = screen.page
    page.goto(secret.watch_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("No video here")
    answer = page.request.get(secret.video["playback"]["hls_url"])
    assert answer.status == 403


@pytest.mark.parametrize("engine", ENGINES)
def test_a_private_film_plays_for_its_owner_with_cookies(secret: Published, screen: Screen, engine: Engine) -> None:
    page = screen.page
    authorized = {"authorization": f"Bearer {secret.owner.token}"}
    # Signing in is under test elsewhere: the browser adds the token, to calls of the API only.
    page.route("**/api/**", lambda route: route.continue_(headers=route.request.headers | authorized))
    screen.open(secret.watch_url, engine)
    screen.play()
    screen.wait_position(5)
    check_seen(screen.sight(), frame_rate=Fraction(FRAME_RATE))
    names = {cookie["name"] for cookie in page.context.cookies(secret.video["playback"]["hls_url"])}
    assert {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"} <= names
