"""Captions and storyboard on the watch page, in every engine."""

import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import expect

from millrace.media import webvtt
from millrace.media.package import CAPTIONS_FILE, CaptionTrack, package
from millrace.media.picture_commands import storyboard_argv
from millrace.media.storyboard import plan_storyboard, segments_of, storyboard_vtt
from millrace.platform import process
from tests.e2e.browser.film import Film
from tests.e2e.browser.origin import Origin, serving
from tests.e2e.browser.screen import Engine, Screen, check_seen
from tests.media_fixtures import FFMPEG

pytestmark = pytest.mark.browser

ENGINES: tuple[Engine, ...] = ("hls", "dash", "shaka", "shaka-hls")
TRACKS = {"en": ("English", "captions", "frame"), "de": ("Deutsch", "subtitles", "Bild")}
CUE_S = 3

SHOWN = """
    () => [...document.querySelector('video').textTracks]
      .filter(({ mode }) => mode === 'showing')
      .flatMap(({ activeCues }) => [...(activeCues ?? [])].map(({ text }) => text))
"""

LOADED = """
    word => [...document.querySelector('video').textTracks]
      .some(({ mode, cues }) => mode === 'showing' && [...(cues ?? [])].some(({ text }) => text.startsWith(word)))
"""
CHOICES = [("English", "frame"), ("Deutsch", "Bild")]


@pytest.fixture(scope="module")
def captioned(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """The film with captions in two languages and a storyboard, in a folder of its own."""
    folder = tmp_path_factory.mktemp("captioned") / "film"
    shutil.copytree(film.folder, folder)
    captions = []
    for language, (label, kind, word) in TRACKS.items():
        track = CaptionTrack(language=language, label=label, folder=f"captions/{language}-1", kind=kind)  # type: ignore[arg-type]  # one of two
        write_captions(folder / track.folder, word, film)
        captions.append(track)
    video = [film.tracks[rendition.name] for rendition in film.plan.renditions]
    audio = [film.tracks[each.name] for each in film.plan.audio]
    for name, text in package(film.plan, video, audio, captions).items():
        (folder / name).write_text(text)
    draw(folder, film)
    return Film(folder, film.plan, film.tracks)


def write_captions(folder: Path, word: str, film: Film) -> None:
    folder.mkdir(parents=True)
    starts = range(0, int(film.duration_s), CUE_S)
    cues = [webvtt.Cue(start * 1000, (start + CUE_S) * 1000, f"{word} {start}") for start in starts]
    (folder / CAPTIONS_FILE).write_text(webvtt.write(cues))
    for number, piece in enumerate(webvtt.write_segments(cues, Fraction(film.duration_s)), start=1):
        (folder / f"seg_{number:05d}.vtt").write_text(piece)


def draw(folder: Path, film: Film) -> None:
    board = plan_storyboard(film.plan)
    source = folder / board.rendition.name
    names = ["init.mp4", *(f"seg_{number:05d}.m4s" for number in segments_of(film.plan, board.frames))]
    track = folder / "track.mp4"
    track.write_bytes(b"".join((source / name).read_bytes() for name in names))
    sheet = str(folder / "storyboard_%03d.jpg")
    process.run(storyboard_argv(FFMPEG, film.plan, board, str(track), sheet, str(folder / "small")), timeout_s=120)
    (folder / "storyboard.vtt").write_text(storyboard_vtt(film.plan, board, ["storyboard_001.jpg"]))


@pytest.fixture
def shown(site: Path, captioned: Film) -> Iterator[Origin]:
    """An origin with that film."""
    with serving(Origin(site, captioned.folder)) as origin:
        video = origin.add_video()
        video["playback"]["storyboard_url"] = video["playback"]["poster_url"].replace("poster.jpg", "storyboard.vtt")
        yield origin


@pytest.mark.parametrize("engine", ENGINES)
def test_captions_are_shown_when_they_are_chosen(
    shown: Origin, captioned: Film, screen: Screen, engine: Engine
) -> None:
    screen.open(shown.watch_url, engine)
    menu = screen.page.get_by_label("Captions")
    expect(menu).to_be_visible(timeout=60_000)
    assert sorted(menu.locator("option").all_inner_texts()) == ["Deutsch", "English", "Off"]
    assert screen.page.evaluate(SHOWN) == []

    for label, word in CHOICES:
        # dash.js loads captions while the film runs, and not in a pause.
        screen.play()
        menu.select_option(label=label)
        # Engines drop what they load when a viewer seeks in the same moment.
        screen.page.wait_for_function(LOADED, arg=word, timeout=60_000)
        screen.pause()
        # The last one is early: the film goes on from there while the next language is loaded.
        for position_s, number in ((10.5, 9), (4.5, 3)):
            screen.seek(position_s)
            wait_for_captions(screen, [f"{word} {number}"])
    menu.select_option(label="Off")
    wait_for_captions(screen, [])
    assert screen.sight().violations == ()


def wait_for_captions(screen: Screen, wanted: list[str]) -> None:
    condition = f"wanted => JSON.stringify(({SHOWN})()) === JSON.stringify(wanted)"
    screen.page.wait_for_function(condition, arg=wanted, timeout=60_000)


@pytest.mark.parametrize("engine", ["shaka", "shaka-hls"])
def test_shaka_plays_the_film_whole(shown: Origin, captioned: Film, screen: Screen, engine: Engine) -> None:
    screen.open(shown.watch_url, engine)
    screen.play()
    screen.wait_ended()
    check_seen(screen.sight(), frame_rate=captioned.frame_rate)


@pytest.mark.parametrize("engine", ["shaka", "shaka-hls"])
def test_shaka_shows_a_chosen_quality(shown: Origin, screen: Screen, engine: Engine) -> None:
    screen.open(shown.watch_url, engine)
    screen.pause()
    menu = screen.page.get_by_label("Quality")
    for quality in ("144p", "240p"):
        menu.select_option(label=quality)
        expect(screen.page.locator(f'[data-quality="{quality}"]')).to_be_attached(timeout=60_000)


def test_the_storyboard_shows_the_moment_under_the_pointer_and_goes_there(
    shown: Origin, captioned: Film, screen: Screen
) -> None:
    screen.open(shown.watch_url)
    screen.pause()
    bar = screen.page.locator("[data-storyboard]")
    box = bar.bounding_box()
    assert box is not None
    assert [path for path in shown.asked if "storyboard" in path] == [], "nobody has asked to see it"
    screen.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    picture = bar.locator("div div").first
    expect(picture).to_be_visible(timeout=60_000)
    # 40 % of 12 s is 4.8 s, in the third tile: two seconds each, five on a row.
    expect(picture).to_have_css("background-position", "-320px 0px")
    expect(bar).to_contain_text("0:04")
    assert any(path.endswith("storyboard_001.jpg") for path in shown.asked)
    screen.page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    screen.page.wait_for_function("Math.abs(document.querySelector('video').currentTime - 4.8) < 0.1", timeout=60_000)
    screen.page.mouse.move(0, 0)
    expect(picture).to_be_hidden()
    assert screen.sight().violations == ()


def test_a_film_without_a_storyboard_has_no_bar(origin: Origin, screen: Screen) -> None:
    origin.add_video()
    screen.open(origin.watch_url)
    expect(screen.page.locator("[data-storyboard]")).to_have_count(0)
