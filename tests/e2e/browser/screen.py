"""Drive a watch page as a viewer does, and say what was on the screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Self

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

Engine = Literal["hls", "dash", "native", "shaka", "shaka-hls"]
PlayerState = Literal["loading", "paused", "playing", "seeking", "stalled", "ended", "error"]

RECORDER = Path(__file__).with_name("recorder.js")

# Two shared cores decode in software: what takes a second by itself may take many.
DEADLINE_S = 60.0


TOLD = """
    () => { const v = document.querySelector('video');
            if (v === null) return document.body.innerText;
            const spans = r => Array.from({ length: r.length }, (_, i) => [r.start(i), r.end(i)]);
            return JSON.stringify({ ...document.querySelector('[data-state]')?.dataset,
                                    at: v.currentTime, ready: v.readyState, paused: v.paused, seeking: v.seeking,
                                    buffered: spans(v.buffered), seekable: spans(v.seekable) }); }
"""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen and heard of a film up to now."""

    position_s: float
    duration_s: float
    buffered: tuple[tuple[float, float], ...]
    frames: tuple[tuple[float, int | None], ...]
    """Each frame that was presented: its time in the film, and the number in its picture (None: unreadable)."""
    decoded: int
    dropped: int
    audio_bytes: int
    longest_stall_s: float
    waits: int
    is_ended: bool
    size_px: tuple[int, int]
    number: int | None
    """The number in the picture on screen."""
    darkest: int
    lightest: int
    tint: int
    """Of the lower part of the picture on screen: grey levels, and how far any point is from grey."""
    violations: tuple[str, ...]
    """What the page did against its Content-Security-Policy."""

    @classmethod
    def parse(cls, notes: dict[str, Any]) -> Self:
        """Read the recorder's notes."""
        return cls(
            position_s=notes["position_s"],
            duration_s=notes["duration_s"],
            buffered=tuple((start, end) for start, end in notes["buffered"]),
            frames=tuple((time_s, number) for time_s, number in notes["frames"]),
            decoded=notes["decoded"],
            dropped=notes["dropped"],
            audio_bytes=notes["audioBytes"],
            longest_stall_s=notes["longestStall_ms"] / 1000,
            waits=notes["waits"],
            is_ended=notes["ended"],
            size_px=(notes["width_px"], notes["height_px"]),
            number=notes["number"],
            darkest=notes["greys"]["darkest"],
            lightest=notes["greys"]["lightest"],
            tint=notes["greys"]["tint"],
            violations=tuple(notes["violations"]),
        )


class Screen:
    """A watch page with a player on it. Every wait ends with what it waits for, or fails at the deadline."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._box = page.locator("[data-state]")

    def open(self, watch_url: str, engine: Engine = "hls") -> None:
        """Load the page and wait until the film stands or runs: either may be, browsers ask for a gesture first."""
        self.page.goto(f"{watch_url}?engine={engine}")
        self.wait_state("paused", "playing")

    @property
    def state(self) -> str | None:
        """Return the player's state."""
        return self._box.get_attribute("data-state")

    @property
    def error(self) -> str | None:
        """Return the kind of trouble that the player is in, if it is."""
        return self._box.get_attribute("data-error")

    @property
    def detail(self) -> str | None:
        """Return the last trouble in the engine's own words, also one that the player got over."""
        return self._box.get_attribute("data-detail")

    @property
    def quality(self) -> str | None:
        """Return the quality that the player says is on screen."""
        return self._box.get_attribute("data-quality")

    def wait_state(self, *states: PlayerState, deadline_s: float = DEADLINE_S) -> None:
        """Wait until the player is in one of the states; trouble that is not waited for fails at once."""
        wanted = ", ".join(f'[data-state="{state}"]' for state in {*states, "error"})
        with self._telling():
            self.page.locator(wanted).wait_for(timeout=deadline_s * 1000)
        if "error" not in states:
            assert self.state != "error", f"the player is in trouble: {self.error} ({self.detail})"

    def play(self) -> None:
        """Start the film with the keyboard, if it does not run already."""
        if self.page.evaluate("document.querySelector('video').paused"):
            self.page.keyboard.press("k")
        self.wait_state("playing", "ended")

    def pause(self) -> None:
        """Stop the film with the keyboard."""
        if not self.page.evaluate("document.querySelector('video').paused"):
            self.page.keyboard.press("k")
        self.wait_state("paused", "ended")

    def wait_position(self, position_s: float, deadline_s: float = DEADLINE_S) -> None:
        """Wait until the film has run to a position."""
        self._wait(
            "at => { const v = document.querySelector('video'); return v.currentTime >= at || v.ended || v.error }",
            position_s,
            deadline_s,
        )
        assert self.sight().position_s >= position_s, (
            f"stopped at {self.sight().position_s}, {self.state} {self.error} {self.detail}"
        )

    def wait_ended(self, deadline_s: float = DEADLINE_S) -> None:
        """Wait until the film is over."""
        self.wait_state("ended", deadline_s=deadline_s)

    def seek(self, position_s: float, deadline_s: float = DEADLINE_S) -> None:
        """Put the film to a position, as the seek bar does; its picture comes soon after: `wait_number`."""
        self.page.evaluate("at => { document.querySelector('video').currentTime = at; }", position_s)
        self._wait("() => !document.querySelector('video').seeking", None, deadline_s)

    def wait_number(self, number: int, deadline_s: float = DEADLINE_S) -> None:
        """Wait until the frame of that number is on screen."""
        self._wait("wanted => globalThis.readScreen().number === wanted", number, deadline_s)

    def wait_width(self, width_px: int, deadline_s: float = DEADLINE_S) -> None:
        """Wait until the picture on screen is that wide, before any scaling."""
        self._wait("wanted => document.querySelector('video').videoWidth === wanted", width_px, deadline_s)

    def sight(self) -> Sight:
        """Return what was seen up to now."""
        return Sight.parse(self.page.evaluate("globalThis.readScreen()"))

    def _wait(self, condition: str, argument: object, deadline_s: float) -> None:
        with self._telling():
            self.page.wait_for_function(condition, arg=argument, timeout=deadline_s * 1000)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Let a wait that was in vain tell what the player and its element say of themselves."""
        try:
            yield
        except PlaywrightTimeout as late:
            late.add_note(f"the page at its end: {self.page.evaluate(TOLD)}")
            raise


def check_seen(sight: Sight, *, frame_rate: Fraction, stall_s: float = 2.0) -> None:
    """Assert that what was seen is a film as it should be: each frame itself, in order, with sound, without a hitch.

    `stall_s` is generous, for a machine that does other work at the same time.
    """
    assert sight.decoded > 0
    assert sight.audio_bytes > 0, "no sound was decoded"
    assert sight.longest_stall_s <= stall_s, f"stood still for {sight.longest_stall_s:.2f} s"
    assert sight.dropped <= sight.decoded / 2, f"{sight.dropped} of {sight.decoded} frames were dropped"
    assert len(sight.buffered) == 1, f"there are gaps between {sight.buffered}"
    assert not sight.violations, sight.violations
    assert sight.frames, "no frame was presented"
    check_frames(sight, frame_rate=frame_rate)


def check_frames(sight: Sight, *, frame_rate: Fraction) -> None:
    """Assert that each moment of the film showed its own frame.

    A page that is told late of a frame reads a newer one off the screen; it never reads an older one, and never for
    long. A frame that is missing from the media, or there twice, shifts all that follow.
    """
    shifts: dict[int, list[int]] = {}
    for time_s, number in sight.frames:
        assert number is not None, f"the picture at {time_s} s is unreadable"
        shifts.setdefault(int(time_s), []).append(number - round(time_s * float(frame_rate)))
    for second, seen in shifts.items():
        assert min(seen) >= 0, f"a picture of the past was shown in second {second}: {seen}"
        assert sorted(seen)[len(seen) // 2] == 0, f"second {second} shows the frames of another time: {seen}"


def check_picture(sight: Sight) -> None:
    """Assert that the screen shows the grey slopes of the test clip: not black, not one grey, not a green ruin."""
    assert sight.lightest - sight.darkest > 60, f"all greys are between {sight.darkest} and {sight.lightest}"
    assert sight.tint < 16, f"a grey film has colour: {sight.tint}"
