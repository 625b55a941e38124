"""A strip of picture with the time of day in it: for people as digits, for programs as bars.

The bars are 48 bits across the whole width, the highest on the left: milliseconds since 1970 (40 bits, the highest
are cut off) and the exclusive or of their five bytes. `clock_reader.js` reads them from a video element.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

__all__ = ["BAR_BITS", "ClockPicture", "bar_bits"]

BAR_BITS = 48
WHITE, BLACK = 235, 16
# Of the strip's height: bars, then digits with a margin around them.
BARS_SHARE = 0.4
GLYPH_WIDTH, GLYPH_HEIGHT = 5, 7
# A row of a digit is five bits, from the left.
_GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    ":": (0, 4, 4, 0, 4, 4, 0),
    ".": (0, 0, 0, 0, 0, 12, 12),
    " ": (0, 0, 0, 0, 0, 0, 0),
}


def bar_bits(at_ms: int) -> tuple[bool, ...]:
    """Return the bars of a moment, from the left; True is white."""
    cut = at_ms & ((1 << 40) - 1)
    check = 0
    for byte in cut.to_bytes(5, "big"):
        check ^= byte
    value = cut << 8 | check
    return tuple(bool(value >> (BAR_BITS - 1 - position) & 1) for position in range(BAR_BITS))


class ClockPicture:
    """Draw strips of one size, as 8-bit grey."""

    def __init__(self, width: int, height: int) -> None:
        """Take the strip's size in pixels; the width is at least one pixel a bar."""
        if width < BAR_BITS or height < 2:
            raise ValueError("the strip is too small for its bars")
        self.width, self.height = width, height
        self._bars_height = int(height * BARS_SHARE)
        self._scale = max(1, (height - self._bars_height) * 7 // (GLYPH_HEIGHT * 10))
        self._black_row = bytes([BLACK]) * width

    def frame(self, at_ms: int) -> bytes:
        """Return the strip of a moment (milliseconds since 1970), row by row."""
        bars = self._bars_row(at_ms)
        digits = self._digit_rows(_words(at_ms))
        above = (self.height - self._bars_height - len(digits)) // 2
        rows = [bars] * self._bars_height + [self._black_row] * above + digits
        return b"".join((rows + [self._black_row] * self.height)[: self.height])

    def _bars_row(self, at_ms: int) -> bytes:
        bits = bar_bits(at_ms)
        return bytes(WHITE if bits[x * BAR_BITS // self.width] else BLACK for x in range(self.width))

    def _digit_rows(self, text: str) -> list[bytes]:
        rows = []
        for line in range(GLYPH_HEIGHT):
            row = b"".join(_glyph_row(character, line, self._scale) for character in text)
            centred = row[: self.width].center(self.width, bytes([BLACK]))
            rows += [centred] * self._scale
        return rows


@cache
def _glyph_row(character: str, line: int, scale: int) -> bytes:
    bits = _GLYPHS[character][line]
    pixels = [bits >> (GLYPH_WIDTH - 1 - x) & 1 for x in range(GLYPH_WIDTH)] + [0]
    return b"".join(bytes([WHITE if pixel else BLACK]) * scale for pixel in pixels)


def _words(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
