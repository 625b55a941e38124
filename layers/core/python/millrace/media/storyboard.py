"""Pictures of a finished film: storyboard, candidates for its poster, and a preview that moves.

All of them come from our own renditions, whose key frames lie on a known grid. Decoding only those of the smallest
rendition costs a hundredth of decoding the source. This plans which segments are needed and where tiles are; the
commands are in `media.picture_commands`.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from millrace.media.ladder import Rendition
from millrace.media.plan import EncodePlan

__all__ = [
    "MINIATURE",
    "Preview",
    "Storyboard",
    "best_poster",
    "fitting",
    "pick_posters",
    "plan_preview",
    "plan_storyboard",
    "poster_source",
    "segments_of",
    "storyboard_vtt",
]

# As large as a seek bar's bubble wants it; a sheet of 25 is some 60 KB, so the first one is there at once.
TILE_LONG_SIDE: Final = 160
SHEET_SIDE: Final = 5
# Ten hours get a tile every 90 s: more would cost sheets that nobody looks at.
MAX_TILES: Final = 400

POSTER_LONG_SIDE: Final = 1280
MAX_POSTERS: Final = 4
# Pictures are judged by these many luma samples: enough to tell a face from a fade to black.
MINIATURE: Final = (32, 18)
DARK, BRIGHT = 40, 215
# Mean difference of luma below which two pictures look alike in a list of four.
ALIKE: Final = 6

PREVIEW_LONG_SIDE: Final = 320
PREVIEW_MOMENTS: Final = 6
PREVIEW_MOMENT_S: Final = Fraction(1, 2)
PREVIEW_RATE_MAX: Final = 30


@dataclass(frozen=True, slots=True)
class Storyboard:
    """Small pictures at even distances, `columns` by `rows` on each sheet; sizes are in pixels."""

    rendition: Rendition
    interval_frames: int
    tile_count: int
    tile_width: int
    tile_height: int
    columns: int
    rows: int

    @property
    def sheet_count(self) -> int:
        """Return how many sheets hold all tiles."""
        return math.ceil(self.tile_count / (self.columns * self.rows))

    @property
    def frames(self) -> tuple[int, ...]:
        """Return the grid frame of each tile; all of them begin a group of pictures."""
        return tuple(position * self.interval_frames for position in range(self.tile_count))


@dataclass(frozen=True, slots=True)
class Preview:
    """Moments of the film, shown one after another: grid frames, from and up to."""

    rendition: Rendition
    moments: tuple[tuple[int, int], ...]
    width: int
    height: int
    step: int
    """Every so manieth frame is shown."""


def plan_storyboard(plan: EncodePlan) -> Storyboard:
    """Plan the tiles: one for each group of pictures, or for so many of them that MAX_TILES are enough."""
    groups = math.ceil(plan.frame_count / plan.gop_frames)
    stride = math.ceil(groups / MAX_TILES)
    groups_a_segment = plan.segment_frames // plan.gop_frames
    if stride > 1:
        # Whole segments: what lies between two tiles is not even fetched.
        stride = math.ceil(stride / groups_a_segment) * groups_a_segment
    tiles = math.ceil(groups / stride)
    rendition = plan.renditions[-1]
    width, height = fitting(rendition, TILE_LONG_SIDE)
    return Storyboard(
        rendition=rendition,
        interval_frames=stride * plan.gop_frames,
        tile_count=tiles,
        tile_width=width,
        tile_height=height,
        columns=min(SHEET_SIDE, tiles),
        rows=min(SHEET_SIDE, math.ceil(tiles / SHEET_SIDE)),
    )


def storyboard_vtt(plan: EncodePlan, storyboard: Storyboard, sheets: Sequence[str]) -> str:
    """Return the WebVTT that says which part of which sheet shows which time (`#xywh`, Media Fragments 4.2.2)."""
    a_sheet = storyboard.columns * storyboard.rows
    lines = ["WEBVTT", ""]
    for position, frame in enumerate(storyboard.frames):
        end = min(frame + storyboard.interval_frames, plan.frame_count)
        on_sheet = position % a_sheet
        x = on_sheet % storyboard.columns * storyboard.tile_width
        y = on_sheet // storyboard.columns * storyboard.tile_height
        place = f"{x},{y},{storyboard.tile_width},{storyboard.tile_height}"
        lines += [
            f"{_timestamp(frame / plan.frame_rate)} --> {_timestamp(end / plan.frame_rate)}",
            f"{sheets[position // a_sheet]}#xywh={place}",
            "",
        ]
    return "\n".join(lines)


def _timestamp(seconds: Fraction) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def plan_preview(plan: EncodePlan) -> Preview:
    """Plan the preview: short moments spread over the film, each from a key frame; a short film's beginning."""
    rendition = _smallest(plan, PREVIEW_LONG_SIDE)
    width, height = fitting(rendition, PREVIEW_LONG_SIDE)
    length = max(1, round(PREVIEW_MOMENT_S * plan.frame_rate))
    groups = math.ceil(plan.frame_count / plan.gop_frames)
    starts = sorted({groups * (2 * number + 1) // (2 * PREVIEW_MOMENTS) for number in range(PREVIEW_MOMENTS)})
    if len(starts) < PREVIEW_MOMENTS:
        moments: tuple[tuple[int, int], ...] = ((0, min(plan.frame_count, PREVIEW_MOMENTS * length)),)
    else:
        firsts = [start * plan.gop_frames for start in starts]
        moments = tuple((first, min(first + length, plan.frame_count)) for first in firsts)
    return Preview(rendition, moments, width, height, step=math.ceil(plan.frame_rate / PREVIEW_RATE_MAX))


def poster_source(plan: EncodePlan) -> Rendition:
    """Return the rendition that posters are taken from: as large as they are, if there is one."""
    return _smallest(plan, POSTER_LONG_SIDE)


def _smallest(plan: EncodePlan, long_side: int) -> Rendition:
    """Return the smallest rendition of at least that size, or the largest of all."""
    large_enough = [found for found in plan.renditions if max(found.width, found.height) >= long_side]
    return large_enough[-1] if large_enough else plan.renditions[0]


def fitting(rendition: Rendition, long_side: int) -> tuple[int, int]:
    """Return the rendition's size scaled down, never up, to that long side; both sides are even."""
    scale = min(Fraction(1), Fraction(long_side, max(rendition.width, rendition.height)))
    return max(2, round(rendition.width * scale / 2) * 2), max(2, round(rendition.height * scale / 2) * 2)


def segments_of(plan: EncodePlan, frames: Iterable[int]) -> list[int]:
    """Return the numbers of the segments that hold these grid frames, in order and each once."""
    return sorted({frame // plan.segment_frames + 1 for frame in frames})


def pick_posters(miniatures: Sequence[bytes]) -> list[int]:
    """Return the positions of up to MAX_POSTERS pictures worth showing, from all over the film, in order.

    A miniature is the luma of a picture, MINIATURE in size. Each stretch of the film gives the one with the most to
    see; what looks like one that is chosen already is left out. There is always at least one.
    """
    count = len(miniatures)
    stretches = min(MAX_POSTERS, count)
    picked: list[int] = []
    for number in range(stretches):
        stretch = range(count * number // stretches, count * (number + 1) // stretches)
        best = max(stretch, key=lambda position: interest(miniatures[position]))
        if all(_difference(miniatures[best], miniatures[other]) >= ALIKE for other in picked):
            picked.append(best)
    return picked


def best_poster(miniatures: Sequence[bytes], picked: Sequence[int]) -> int:
    """Return the place, among the picked ones, of the picture with most to see: the poster unless another is chosen."""
    return max(range(len(picked)), key=lambda place: interest(miniatures[picked[place]]))


def interest(miniature: bytes) -> float:
    """Return how much there is to see: contrast and detail, little of it where all is dark or glaring."""
    count = len(miniature)
    mean = sum(miniature) / count
    contrast = math.sqrt(sum((luma - mean) ** 2 for luma in miniature) / count)
    detail = sum(abs(a - b) for a, b in itertools.pairwise(miniature)) / count
    fair = 1.0 if DARK <= mean <= BRIGHT else 0.25
    return (contrast + detail) * fair


def _difference(a: bytes, b: bytes) -> float:
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)
