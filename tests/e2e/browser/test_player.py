"""The player, in a real browser, against media of a known picture."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.film import Film
from tests.e2e.browser.origin import Origin
from tests.e2e.browser.screen import Engine, Screen, check_picture, check_seen

pytestmark = pytest.mark.browser

ENGINES: tuple[Engine, ...] = ("hls", "dash")

# A browser that has much to do: whatever changes what is buffered takes a while.
SLOW_BUFFERS = """
    const { prototype } = SourceBuffer;
    const busy = new WeakSet();
    const { get } = Object.getOwnPropertyDescriptor(prototype, 'updating');
    Object.defineProperty(prototype, 'updating', { get() { return busy.has(this) || get.call(this); } });
    for (const name of ['appendBuffer', 'remove']) {
      const change = prototype[name];
      prototype[name] = function (...given) {
        busy.add(this);
        setTimeout(() => { busy.delete(this); change.apply(this, given); }, 60);
      };
    }
"""

OVERTAKE = """
    ([first_s, last_s]) => {
      const video = document.querySelector('video');
      video.addEventListener('seeking', () => setTimeout(() => { video.currentTime = last_s; }), { once: true });
      video.currentTime = first_s;
    }
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_film_plays_from_its_first_frame_to_its_last(
    origin: Origin, film: Film, screen: Screen, engine: Engine
) -> None:
    origin.add_video()
    screen.open(origin.watch_url, engine)
    screen.play()
    screen.wait_ended()
    sight = screen.sight()
    check_seen(sight, frame_rate=film.frame_rate)
    assert sight.duration_s == pytest.approx(film.duration_s, abs=0.1)
    assert sight.position_s == pytest.approx(sight.duration_s, abs=0.1)
    assert sight.frames[0][1] == 0
    assert sight.number == film.plan.frame_count - 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_film_whose_sound_ends_after_its_picture_ends(
    origin: Origin, film: Film, screen: Screen, engine: Engine
) -> None:
    origin.add_video()
    # dash.js looks at its clock five times a second; here, as often as it takes to look between the two ends.
    screen.page.add_init_script(
        "const slow = setInterval; globalThis.setInterval = (f, ms) => slow(f, ms === 200 ? 1 : ms);"
    )
    screen.open(origin.watch_url, engine)
    for _ in range(3):
        screen.pause()
        screen.seek(film.duration_s - 0.05)
        screen.play()
        screen.wait_ended()


@pytest.mark.parametrize("engine", ENGINES)
def test_seeking_shows_the_frame_of_that_time(origin: Origin, film: Film, screen: Screen, engine: Engine) -> None:
    origin.add_video()
    screen.open(origin.watch_url, engine)
    screen.pause()
    boundary = film.plan.chunks[1].start_frame
    for number in (film.plan.frame_count - 10, 30, boundary - 1, boundary + 1):
        screen.seek(film.time_of(number))
        screen.wait_number(number)
        check_picture(screen.sight())


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_seek_leapt_over_is_there_when_the_viewer_comes_back(
    origin: Origin, film: Film, screen: Screen, engine: Engine
) -> None:
    origin.add_video()
    # The sound is late: the seek leaves a hole in what is buffered of it, not of the picture.
    origin.held = r"/(?!video)[^/]*/seg_00002"
    screen.open(origin.watch_url, engine)
    screen.pause()
    last = film.plan.frame_count - 1
    screen.seek(film.time_of(last))
    screen.wait_number(last)
    origin.held = None
    # So close to the hole that the sound before it does not suffice.
    last_before = film.plan.chunks[1].start_frame - 1
    screen.seek(film.time_of(last_before))
    screen.wait_number(last_before)
    screen.play()
    screen.wait_ended()
    check_seen(screen.sight(), frame_rate=film.frame_rate)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_seek_that_overtakes_another_ends_where_it_was_meant_to(
    origin: Origin, film: Film, screen: Screen, engine: Engine
) -> None:
    origin.add_video()
    origin.held = r"/seg_0000[23]"
    screen.page.add_init_script(SLOW_BUFFERS)
    screen.open(origin.watch_url, engine)
    screen.pause()
    origin.held = None
    last_before = film.plan.chunks[1].start_frame - 1
    times_s = [film.time_of(number) for number in (film.plan.frame_count - 10, last_before)]
    screen.page.evaluate(OVERTAKE, times_s)
    screen.wait_number(last_before)
    screen.play()
    screen.wait_ended()
    check_seen(screen.sight(), frame_rate=film.frame_rate)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_chosen_quality_is_shown(origin: Origin, screen: Screen, engine: Engine) -> None:
    origin.add_video()
    screen.open(origin.watch_url, engine)
    menu = screen.page.get_by_label("Quality")
    expect(menu.locator("option")).to_contain_text(["Automatic", "240p", "144p"])
    for label, size_px in (("144p", (256, 144)), ("240p", (426, 240))):
        screen.seek(0)
        screen.play()
        menu.select_option(label)
        screen.wait_width(size_px[0])
        screen.page.locator(f'[data-quality="{label}"]').wait_for()
        assert screen.sight().size_px == size_px


def test_the_keyboard_works_wherever_the_focus_is(origin: Origin, screen: Screen) -> None:
    origin.add_video()
    screen.open(origin.watch_url)
    screen.pause()
    keyboard, video = screen.page.keyboard, screen.page.locator("video")
    for focus in (None, video):
        if focus is not None:
            focus.focus()
        screen.seek(0)
        keyboard.press("Space")
        screen.wait_state("playing")
        keyboard.press("Space")
        screen.wait_state("paused")
        before_s = screen.sight().position_s
        keyboard.press("ArrowRight")
        screen.wait_position(before_s + 5)
        keyboard.press("j")
        screen.page.wait_for_function("document.querySelector('video').currentTime === 0")
        keyboard.press("m")
        assert video.evaluate("v => v.muted")
        keyboard.press("ArrowDown")
        keyboard.press("ArrowUp")
        assert not video.evaluate("v => v.muted")
        keyboard.press("5")
        screen.wait_position(6)


def test_f_fills_the_screen_and_back(origin: Origin, screen: Screen) -> None:
    origin.add_video()
    screen.open(origin.watch_url)
    screen.page.keyboard.press("f")
    screen.page.wait_for_function("document.fullscreenElement?.querySelector('video')")
    screen.page.keyboard.press("f")
    screen.page.wait_for_function("document.fullscreenElement === null")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("pattern", "fault", "kind", "words"),
    [
        (r"\.(m3u8|mpd)$", 404, "missing", "files are gone"),
        (r"\.(m3u8|mpd)$", 403, "forbidden", "You may not watch"),
        (r"\.(m3u8|mpd)$", b"not a manifest", "broken", "could not be played"),
        (r"/init\.mp4$", 404, "missing", "files are gone"),
    ],
)
def test_trouble_is_told_in_words(
    origin: Origin, page: Page, engine: Engine, pattern: str, fault: int | bytes, kind: str, words: str
) -> None:
    origin.add_video()
    origin.faults[pattern] = fault
    page.goto(f"{origin.watch_url}?engine={engine}")
    page.locator(f'[data-state="error"][data-error="{kind}"]').wait_for(timeout=60_000)
    expect(page.get_by_role("alert")).to_contain_text(words)


def test_segments_that_are_no_media_are_told_in_words(origin: Origin, page: Page) -> None:
    origin.add_video()
    origin.faults[r"/seg_"] = b"\0" * 4000
    page.goto(origin.watch_url)
    page.locator('[data-state="error"]').wait_for(timeout=60_000)
    assert page.locator("[data-error]").get_attribute("data-error") in {"decode", "broken"}


@pytest.mark.parametrize("engine", ENGINES)
def test_trying_again_plays_once_the_media_is_back(origin: Origin, film: Film, screen: Screen, engine: Engine) -> None:
    origin.add_video()
    origin.faults[r"\.(m3u8|mpd)$"] = 404
    screen.page.goto(f"{origin.watch_url}?engine={engine}")
    screen.wait_state("error")
    origin.faults.clear()
    screen.page.get_by_role("button", name="Try again").click()
    screen.wait_position(1)
    check_seen(screen.sight(), frame_rate=film.frame_rate)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_that_falters_does_not_stop_the_film(
    origin: Origin, film: Film, screen: Screen, engine: Engine
) -> None:
    origin.add_video()
    origin.faults[r"/seg_0000[23]"] = 503
    screen.open(origin.watch_url, engine)
    screen.play()
    screen.wait_state("stalled")
    origin.faults.clear()
    screen.wait_ended()
    # It may wait for the segment; it may not skip one.
    check_seen(screen.sight(), frame_rate=film.frame_rate, stall_s=30)
