"""The ladder of renditions: which sizes and rates a video is offered in.

Rates are caps for capped CRF, chosen for H.264 at 30 frames a second on 16:9; most content stays below.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pydantic import BaseModel, ConfigDict

__all__ = ["LADDER", "LEVEL_3", "Rendition", "Rung", "fits_level_3", "ladder_for"]


@dataclass(frozen=True, slots=True)
class Rung:
    """Cap one row of the ladder; the short side of the picture names it."""

    short_side: int
    maxrate_bps: int


LADDER: Final = (
    Rung(2160, 16_000_000),  # televisions, for sources that have it
    Rung(1440, 9_000_000),  # large screens
    Rung(1080, 5_000_000),  # full screen on a laptop
    Rung(720, 2_800_000),  # the default on fair networks
    Rung(480, 1_400_000),  # phones
    Rung(360, 800_000),  # phones on poor networks
    Rung(240, 400_000),  # first picture at once; source of the storyboard
    Rung(144, 200_000),  # better than a stall
)
WIDESCREEN: Final = Fraction(16, 9)
# A source between two rungs gets its own size on top, unless it is within a twentieth of the rung below;
# the rung right under it would look the same and is left out.
TOP_RUNG_NEAR: Final = Fraction(21, 20)
NEXT_RUNG_BELOW: Final = Fraction(4, 5)
# H.264 level 5.2, the highest that hardware decoders commonly have, ends at 4096 pixels across.
LONG_SIDE_MAX: Final = 4096
HIGH_RATE_FACTOR: Final = Fraction(3, 2)
MAXRATE_MIN_BPS: Final = 100_000
# What every decoder of H.264 can do, and in macroblocks what that is: of a picture, and of a second (table A-1).
LEVEL_3: Final = "3.0"
LEVEL_3_BLOCKS: Final = 1620
LEVEL_3_BLOCKS_A_SECOND: Final = 40_500


class Rendition(BaseModel):
    """Describe one encoding of the picture; width and height are even."""

    model_config = ConfigDict(frozen=True)

    name: str
    width: int
    height: int
    maxrate_bps: int

    @property
    def short_side(self) -> int:
        """Return the smaller of width and height."""
        return min(self.width, self.height)


def ladder_for(display_width: int, display_height: int, frame_rate: Fraction) -> tuple[Rendition, ...]:
    """Return the renditions of a source, largest first; never larger than the source.

    A source below the lowest rung gets one rendition of its own size.
    """
    short, long = min(display_width, display_height), max(display_width, display_height)
    fitted = Fraction(short * LONG_SIDE_MAX, max(long, LONG_SIDE_MAX))
    renditions = []
    for short_side in _short_sides(fitted):
        width, height = _scaled(display_width, display_height, short_side)
        renditions.append(
            Rendition(
                name=f"video_{min(width, height)}p",
                width=width,
                height=height,
                maxrate_bps=_maxrate_bps(width, height, frame_rate),
            )
        )
    return tuple(renditions)


def fits_level_3(rendition: Rendition, frame_rate: Fraction) -> bool:
    """Return whether level 3 of H.264 is enough for a rendition."""
    blocks = math.ceil(rendition.width / 16) * math.ceil(rendition.height / 16)
    return blocks <= LEVEL_3_BLOCKS and blocks * frame_rate <= LEVEL_3_BLOCKS_A_SECOND


def _short_sides(fitted: Fraction) -> list[Fraction]:
    """Return the short sides to encode for a source of that short side."""
    rungs = [Fraction(rung.short_side) for rung in LADDER if rung.short_side <= fitted]
    if fitted >= LADDER[0].short_side or (rungs and fitted < rungs[0] * TOP_RUNG_NEAR):
        return rungs
    return [fitted, *(side for side in rungs if side <= fitted * NEXT_RUNG_BELOW)]


def _scaled(width: int, height: int, short_side: Fraction) -> tuple[int, int]:
    scale = short_side / min(width, height)
    return _even(width * scale, width), _even(height * scale, height)


def _even(value: Fraction, most: int) -> int:
    """Return the nearest even number (4:2:0 needs it) that is neither zero nor above the source."""
    nearest = round(value / 2) * 2
    return max(2, nearest if nearest <= most else nearest - 2)


def _maxrate_bps(width: int, height: int, frame_rate: Fraction) -> int:
    """Return the cap of the rung at or above this size, by the share of its 16:9 area."""
    short_side = min(width, height)
    rung = min(
        (rung for rung in LADDER if rung.short_side >= short_side),
        key=lambda rung: rung.short_side,
        default=LADDER[0],
    )
    share = Fraction(width * height) / (rung.short_side**2 * WIDESCREEN)
    factor = HIGH_RATE_FACTOR if frame_rate > 30 else 1
    return max(MAXRATE_MIN_BPS, math.ceil(rung.maxrate_bps * share * factor / 1000) * 1000)
