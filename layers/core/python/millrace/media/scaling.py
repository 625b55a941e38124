"""Scale one picture to every rendition, at the least cost.

A small picture is made of one that was scaled already where that is at least twice its size: it takes a tenth less of
the whole encoding, and looks no worse (docs/vod.md).
"""

from collections.abc import Sequence
from typing import Any, Final

__all__ = ["scaled", "scaling_sources"]

# Nearer sizes are blurred by the first step.
AT_LEAST: Final = 2


def scaled(frames: Any, sizes: Sequence[tuple[int, int]]) -> list[Any]:
    """Return the frames in each of the sizes; sizes are ordered from the largest on."""
    sources = scaling_sources(sizes)
    copies = iter(_copies(frames, sources.count(None)))
    smaller: list[Any] = []
    found = []
    for place, (size, source) in enumerate(zip(sizes, sources, strict=True)):
        whole = next(copies) if source is None else next(smaller[source])
        picture = whole.filter("scale", *size, flags="bicubic").filter("setsar", "1")
        own, *others = _copies(picture, 1 + sources.count(place))
        found.append(own)
        smaller.append(iter(others))
    return found


def scaling_sources(sizes: Sequence[tuple[int, int]]) -> list[int | None]:
    """Return of which other size each is made, by its place: the smallest that is large enough; None is the source."""
    return [_source(place, sizes) for place in range(len(sizes))]


def _source(place: int, sizes: Sequence[tuple[int, int]]) -> int | None:
    width, height = sizes[place]
    fitting = [
        larger
        for larger in range(place)
        if sizes[larger][0] >= AT_LEAST * width and sizes[larger][1] >= AT_LEAST * height
    ]
    return fitting[-1] if fitting else None


def _copies(picture: Any, count: int) -> list[Any]:
    if count == 1:
        return [picture]
    split = picture.filter_multi_output("split", count)
    return [split[number] for number in range(count)]
