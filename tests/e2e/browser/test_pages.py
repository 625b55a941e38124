"""The pages in each state that a reader can meet, in a real browser."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.origin import VIDEO_ID, Origin
from tests.e2e.browser.screen import Screen

pytestmark = pytest.mark.browser


PASTED = (VIDEO_ID, f"  {VIDEO_ID.upper()} ", f"http://localhost:8080/watch/{VIDEO_ID}?engine=dash")


@pytest.mark.parametrize("pasted", PASTED)
def test_the_start_page_leads_to_the_video_that_is_pasted(origin: Origin, page: Page, pasted: str) -> None:
    origin.add_video()
    page.goto(origin.url)
    page.get_by_label("Video address or id").fill(pasted)
    page.keyboard.press("Enter")
    page.wait_for_url(origin.watch_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("The mill in the valley")


def test_the_start_page_says_what_is_wrong_with_what_was_pasted(origin: Origin, page: Page) -> None:
    page.goto(origin.url)
    page.get_by_label("Video address or id").fill("my holiday film")
    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_role("alert")).to_contain_text("no video id")
    expect(page.get_by_label("Video address or id")).to_be_focused()
    assert page.url == f"{origin.url}/"


def test_an_unknown_address_says_so_and_leads_home(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/settings/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.get_by_role("link", name="Go to the start page").click()
    page.wait_for_url(f"{origin.url}/")


def test_a_video_is_followed_from_upload_to_playing_without_a_reload(origin: Origin, screen: Screen) -> None:
    page = screen.page
    video = origin.add_video("uploading")
    page.goto(origin.watch_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Still uploading")
    origin.add_video("processing", progress_percent=40)
    expect(page.get_by_role("heading", level=1)).to_have_text("Getting ready to play", timeout=15_000)
    expect(page.get_by_role("progressbar")).to_have_js_property("value", 40)
    video = origin.add_video("processing", progress_percent=80)
    expect(page.get_by_role("progressbar")).to_have_js_property("value", 80, timeout=15_000)
    video = origin.add_video()
    screen.wait_state("paused", "playing")
    expect(page.get_by_role("heading", level=1)).to_have_text(str(video["title"]))
    expect(page.get_by_text("0:12", exact=True)).to_be_visible()
    asked = origin.asked.count(f"GET /api/videos/{VIDEO_ID}")
    screen.play()
    screen.wait_position(3)
    assert origin.asked.count(f"GET /api/videos/{VIDEO_ID}") == asked, "the page asks on for nothing"


def test_a_failed_video_tells_its_owner_why(origin: Origin, page: Page) -> None:
    origin.add_video("failed", failure={"code": "not_a_video", "message": "The file holds no picture: it is a text."})
    page.goto(origin.watch_url)
    expect(page.get_by_role("status")).to_contain_text("The file holds no picture: it is a text.")
    expect(page.locator("video")).to_have_count(0)


def test_a_video_that_is_not_there_or_private_says_so(origin: Origin, page: Page) -> None:
    page.goto(origin.watch_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("No video here")
    expect(page.get_by_role("status")).to_contain_text("or is private")


def test_a_service_that_is_down_is_told_and_asked_again(origin: Origin, screen: Screen) -> None:
    origin.add_video()
    origin.faults["^/api/"] = 503
    screen.page.goto(origin.watch_url)
    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Millrace does not answer")
    origin.faults.clear()
    screen.wait_state("paused", "playing")


def test_what_people_write_never_becomes_html(origin: Origin, page: Page) -> None:
    markup = "<img src=x onerror=\"document.title='taken'\"><b>bold</b>"
    origin.add_video(title=markup, description=markup)
    page.goto(origin.watch_url)
    expect(page.get_by_role("heading", level=1)).to_have_text(markup)
    expect(page.get_by_text(markup)).to_have_count(2)
    expect(page.locator("b")).to_have_count(0)


@pytest.mark.parametrize("status", [401, 404])
def test_a_private_video_stays_shut_to_a_stranger(origin: Origin, page: Page, status: int) -> None:
    origin.add_video(visibility="private")
    origin.playback_status = status
    page.goto(origin.watch_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("This video is private")
    assert not [asked for asked in origin.asked if "/media/" in asked]


def test_a_private_video_plays_with_the_cookies_that_playback_brings(origin: Origin, screen: Screen) -> None:
    origin.add_video(visibility="private")
    origin.cookie = "first"
    screen.open(origin.watch_url)
    screen.play()
    screen.wait_position(1)


@pytest.mark.parametrize("engine", ["hls", "dash"])
def test_permission_that_runs_out_is_asked_for_again(
    origin: Origin, screen: Screen, engine: Literal["hls", "dash"]
) -> None:
    origin.add_video(visibility="private")
    origin.cookie = "first"
    # Held back until the permission has changed, so that the film is not all buffered before.
    origin.faults[r"/seg_0000[2-9]"] = 503
    screen.open(origin.watch_url, engine)
    screen.play()
    screen.wait_position(2)
    origin.cookie = "second"
    origin.faults.clear()
    screen.wait_ended()
    assert screen.error is None
    assert origin.asked.count(f"POST /api/videos/{VIDEO_ID}/playback") == 2


LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitän" * 3


@pytest.mark.parametrize("width_px", [360, 768, 1280, 1920])
def test_no_page_is_wider_than_the_screen(origin: Origin, page: Page, width_px: int) -> None:
    page.set_viewport_size({"width": width_px, "height": 800})
    for path in ("/", "/nowhere", f"/watch/{VIDEO_ID}"):
        page.goto(origin.url + path)
        _check_width(page, width_px)
    origin.add_video("processing", title=LONG_WORD, description=LONG_WORD)
    page.goto(origin.watch_url)
    _check_width(page, width_px)
    origin.add_video("failed", title=LONG_WORD, failure={"code": "refused", "message": LONG_WORD})
    page.goto(origin.watch_url)
    _check_width(page, width_px)
    origin.add_video(title=LONG_WORD, description=LONG_WORD)
    page.goto(origin.watch_url)
    _check_width(page, width_px)


def _check_width(page: Page, width_px: int) -> None:
    page.get_by_role("heading", level=1).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
