"""Captions: read WebVTT and SubRip, write WebVTT, whole and in segments for HLS (W3C WebVTT, RFC 8216bis 3.1.4).

Reading is strict where a mistake would lose words, and names the line: people write these files by hand.
"""

import html
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = ["SEGMENT_S", "CaptionError", "Cue", "parse", "segment_count", "write", "write_segments"]

# Long enough that ten hours of captions are 600 small files, short enough that the first comes at once.
SEGMENT_S: Final = 60
MAX_CUES: Final = 50_000
MAX_TEXT_CHARACTERS: Final = 2_000
# A day; the longest film is shorter.
MAX_TIME_MS: Final = 86_400_000

_TIME: Final = r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2})[.,]([0-9]{1,3})"
_ARROW: Final = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s+(.*?))?\s*")
_SETTING: Final = re.compile(r"(?:vertical|line|position|size|align|region):[A-Za-z0-9%.,_-]{1,30}")
# SubRip's own ways to say things that WebVTT says otherwise or not at all.
_FONT: Final = re.compile(r"</?font\b[^>]*>", re.IGNORECASE)
_BRACES: Final = re.compile(r"\{\\?(?:an?[0-9]{1,2}|[biuy]|/[biu])[^}]{0,40}\}", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
# What may stand in angle brackets in a cue (WebVTT 3.2): everything else is text that looks like a tag.
_TAG: Final = re.compile(r"</?(?:c|i|b|u|ruby|rt|v|lang)(?:\.[\w.-]+)?(?:[ \t][^<>&]*)?>|<[0-9]{2,4}:[0-9:.]{5,12}>")


class CaptionError(ValueError):
    """Say what is wrong with a file of captions, and where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"Line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Cue:
    """Show text from one moment to another; the text may hold WebVTT's tags, and is escaped otherwise."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""


def parse(text: str) -> tuple[Cue, ...]:
    """Read WebVTT or SubRip, whichever it is, sorted by time; raises CaptionError."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_webvtt = lines[0].startswith("WEBVTT")
    if is_webvtt and lines[0][6:7] not in ("", " ", "\t"):
        raise CaptionError(1, "after WEBVTT there must be a space or nothing.")
    blocks = list(_blocks(lines[1:], first=2) if is_webvtt else _blocks(lines, first=1))
    if is_webvtt and blocks and blocks[0][0] == 2:
        # What follows the signature without a blank line is a header, such as X-TIMESTAMP-MAP.
        if any("-->" in line for line in blocks[0][1]):
            raise CaptionError(2, "a blank line is wanted after WEBVTT.")
        blocks = blocks[1:]
    cues = []
    for number, block in blocks:
        if is_webvtt and re.match(r"(?:NOTE|STYLE|REGION)(?:\s|$)", block[0]):
            continue
        cue = _cue(number, block, is_webvtt=is_webvtt)
        if cue.text:
            cues.append(cue)
        if len(cues) > MAX_CUES:
            raise CaptionError(number, f"more than {MAX_CUES} captions.")
    if not cues:
        raise CaptionError(1, "there are no captions in this file; SRT or WebVTT is wanted.")
    return tuple(sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms)))


def _blocks(lines: Sequence[str], *, first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the runs of lines between blank lines, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=first):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _cue(number: int, block: Sequence[str], *, is_webvtt: bool) -> Cue:
    """Read an optional name, the times and the text."""
    at = 0 if "-->" in block[0] else 1
    if len(block) <= at or "-->" not in block[at]:
        raise CaptionError(number, "times are wanted here, such as 00:01:02.500 --> 00:01:04.000.")
    start_ms, end_ms, settings = _times(number + at, block[at])
    if any("-->" in line for line in block[at + 1 :]):
        raise CaptionError(number + at + 1, "two captions without a blank line between them.")
    text = "\n".join(block[at + 1 :])
    if len(text) > MAX_TEXT_CHARACTERS:
        raise CaptionError(number + at, f"a caption of more than {MAX_TEXT_CHARACTERS} characters.")
    return Cue(start_ms, end_ms, _clean(text, is_webvtt=is_webvtt), settings if is_webvtt else "")


def _times(number: int, line: str) -> tuple[int, int, str]:
    match = _ARROW.fullmatch(line)
    if match is None:
        raise CaptionError(number, f"{line.strip()[:60]!r} is no pair of times such as 00:01:02.500 --> 00:01:04.000.")
    start_ms, end_ms = _milliseconds(number, match.groups()[:4]), _milliseconds(number, match.groups()[4:8])
    if end_ms < start_ms:
        raise CaptionError(number, "the caption ends before it begins.")
    settings = [each for each in (match[9] or "").split() if _SETTING.fullmatch(each)]
    return start_ms, end_ms, " ".join(settings)


def _milliseconds(number: int, groups: Sequence[str | None]) -> int:
    hours, minutes, seconds = (int(group or 0) for group in groups[:3])
    if minutes > 59 or seconds > 59:
        raise CaptionError(number, "minutes and seconds go up to 59.")
    time_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((groups[3] or "0").ljust(3, "0"))
    if time_ms > MAX_TIME_MS:
        raise CaptionError(number, "a time of more than 24 hours.")
    return time_ms


def _clean(text: str, *, is_webvtt: bool) -> str:
    """Return text that says the same and nothing else: known tags stay, everything else is escaped."""
    text = _UNSAFE.sub("", text)
    if not is_webvtt:
        text = _BRACES.sub("", _FONT.sub("", text))
    pieces = []
    position = 0
    for match in _TAG.finditer(text):
        pieces += [_escaped(text[position : match.start()]), match[0]]
        position = match.end()
    pieces.append(_escaped(text[position:]))
    # A blank line would end the cue.
    return "\n".join(line.strip() for line in "".join(pieces).split("\n") if line.strip())


def _escaped(text: str) -> str:
    return html.unescape(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write(cues: Sequence[Cue]) -> str:
    """Write WebVTT."""
    return "WEBVTT\n\n" + "\n".join(_written(cue) for cue in cues)


def _written(cue: Cue) -> str:
    times = f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}"
    return "\n".join([f"{times} {cue.settings}".rstrip(), cue.text, ""])


def _time(time_ms: int) -> str:
    minutes, rest_ms = divmod(time_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest_ms // 1000:02d}.{rest_ms % 1000:03d}"


def segment_count(duration_s: Fraction) -> int:
    """Return how many segments the captions of a film have."""
    return max(1, math.ceil(duration_s / SEGMENT_S))


def write_segments(cues: Sequence[Cue], duration_s: Fraction) -> list[str]:
    """Write the captions of a film in segments; a cue stands in each segment that it is seen in.

    Cue times count from the film's first frame, which has media time zero.
    """
    head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
    pieces: list[list[str]] = [[] for _ in range(segment_count(duration_s))]
    for cue in cues:
        first = cue.start_ms // (SEGMENT_S * 1000)
        last = max(first, (cue.end_ms - 1) // (SEGMENT_S * 1000))
        for number in range(first, min(last, len(pieces) - 1) + 1):
            pieces[number].append(_written(cue))
    return [head + "\n".join(piece) for piece in pieces]
