"""Per title: how many bits a film needs, measured on a few short samples, and the ladder that follows from it.

A cartoon, a lecture and a football match differ by a factor of fifty at the same quality. Capped CRF follows that by
itself; what is left to choose is which rungs differ enough to be worth a viewer's switch, and how high peaks may go.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from pydantic import BaseModel, ConfigDict

from millrace.media.ladder import MAXRATE_MIN_BPS, Rendition
from millrace.media.plan import EncodePlan

__all__ = [
    "Complexity",
    "Sample",
    "complexity_of",
    "fit_ladder",
    "predicted_bps",
    "read_sample",
    "sample_frames",
    "sample_places",
    "sample_sizes",
]

SAMPLES_MAX: Final = 3
SAMPLE_S: Final = 1
# A film shorter than this many samples is sampled less often, not twice at the same place.
FILM_S_A_SAMPLE: Final = 3
# Short side of the larger of two sizes that are encoded; the other has half of it, which shows how bits grow with area.
LARGE_SIDE: Final = 720
# Bits grow with area to this power where only one size could be measured (median of real clips), and never by more or
# less than this: flat graphics and pure noise.
USUAL_GROWTH: Final = 0.75
GROWTH_MIN, GROWTH_MAX = 0.2, 1.6
# A rung that costs less than this much more than the one below looks too much like it.
RUNG_FACTOR: Final = 1.5
# Peaks above the most complex sample that still get what they ask for.
PEAK_FACTOR: Final = 1.5


class Sample(BaseModel):
    """Hold the rate of a sample at each measured size."""

    model_config = ConfigDict(frozen=True)

    rates_bps: tuple[int, ...]


class Complexity(BaseModel):
    """Hold the samples of a film, and the measured sizes in pixels of area, smallest first."""

    model_config = ConfigDict(frozen=True)

    areas: tuple[int, ...]
    samples: tuple[Sample, ...]


def sample_places(plan: EncodePlan) -> list[Fraction]:
    """Return where samples begin, in seconds of the film: evenly spread, those in the middle first.

    So the most telling are there when time runs out.
    """
    count = max(1, min(SAMPLES_MAX, int(plan.duration_s / FILM_S_A_SAMPLE)))
    length = min(Fraction(SAMPLE_S), plan.duration_s)
    places = [
        max(Fraction(0), plan.duration_s * (2 * number + 1) / (2 * count) - length / 2) for number in range(count)
    ]
    return sorted(places, key=lambda place: abs(place - plan.duration_s / 2))


def sample_frames(plan: EncodePlan) -> int:
    """Return how many frames a sample has."""
    return max(1, min(plan.frame_count, round(SAMPLE_S * plan.frame_rate)))


def sample_sizes(plan: EncodePlan) -> list[tuple[int, int]]:
    """Return the sizes at which samples are encoded, smallest first: those of rungs that the film has."""
    large = _nearest(plan, LARGE_SIDE)
    small = _nearest(plan, large.short_side / 2)
    return sorted({(each.width, each.height) for each in (small, large)}, key=lambda size: size[0] * size[1])


def _nearest(plan: EncodePlan, short_side: float) -> Rendition:
    return min(plan.renditions, key=lambda rendition: abs(math.log(rendition.short_side / short_side)))


def read_sample(listed: str, plan: EncodePlan) -> Sample | None:
    """Read the packets that ffmpeg's framecrc muxer listed; nothing if there are none.

    A sample begins with a keyframe, and a film has one only every other second: the keyframe's share is taken down to
    that.
    """
    packets: list[list[int]] = [[] for _ in sample_sizes(plan)]
    for line in listed.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) >= 5 and fields[0].isdecimal() and fields[4].isdecimal() and int(fields[0]) < len(packets):
            packets[int(fields[0])].append(int(fields[4]) * 8)
    if not all(packets):
        return None
    return Sample(rates_bps=tuple(_rate_bps(each, plan) for each in packets))


def complexity_of(plan: EncodePlan, samples: Sequence[Sample]) -> Complexity | None:
    """Join what was measured; nothing if nothing was."""
    if not samples:
        return None
    return Complexity(areas=tuple(width * height for width, height in sample_sizes(plan)), samples=tuple(samples))


def _rate_bps(bits: Sequence[int], plan: EncodePlan) -> int:
    """Return the rate of a sample as if it went on for a whole group of pictures."""
    if len(bits) < 2:
        return math.ceil(sum(bits) * plan.frame_rate)
    key, others = bits[0], sum(bits[1:])
    group_bits = key + others * (plan.gop_frames - 1) / (len(bits) - 1)
    return math.ceil(group_bits * plan.frame_rate / plan.gop_frames)


def predicted_bps(complexity: Complexity, rendition: Rendition, rates_bps: Sequence[float]) -> float:
    """Return the rate of a rendition where the measured sizes take these rates."""
    growth = USUAL_GROWTH
    if len(rates_bps) > 1 and rates_bps[0] > 0 and rates_bps[-1] > 0:
        steps = math.log(complexity.areas[-1] / complexity.areas[0])
        growth = min(max(math.log(rates_bps[-1] / rates_bps[0]) / steps, GROWTH_MIN), GROWTH_MAX)
    area = rendition.width * rendition.height
    nearest = min(range(len(rates_bps)), key=lambda size: abs(math.log(area / complexity.areas[size])))
    return float(rates_bps[nearest] * (area / complexity.areas[nearest]) ** growth)


def fit_ladder(plan: EncodePlan, complexity: Complexity) -> EncodePlan:
    """Return the plan with the rungs that this film needs, and caps that fit it.

    The largest stays, since viewers see it, and the smallest, since some devices cannot decode more. Between them a
    rung stays if the one above costs clearly more, and it clearly more than the smallest.
    """
    by_size = list(zip(*(sample.rates_bps for sample in complexity.samples), strict=True))
    means = [sum(rates) / len(rates) for rates in by_size]
    peaks = [max(rates) for rates in by_size]
    expected = {each.name: min(predicted_bps(complexity, each, means), each.maxrate_bps) for each in plan.renditions}
    kept = [plan.renditions[0]]
    last = plan.renditions[-1]
    for rendition in plan.renditions[1:-1]:
        is_below = expected[kept[-1].name] >= RUNG_FACTOR * expected[rendition.name]
        if is_below and expected[rendition.name] >= RUNG_FACTOR * expected[last.name]:
            kept.append(rendition)
    if last is not kept[0]:
        kept.append(last)
    fitted = tuple(_capped(each, predicted_bps(complexity, each, peaks)) for each in kept)
    return plan.model_copy(update={"renditions": fitted})


def _capped(rendition: Rendition, peak_bps: float) -> Rendition:
    wanted_bps = math.ceil(PEAK_FACTOR * peak_bps / 1000) * 1000
    return rendition.model_copy(update={"maxrate_bps": min(rendition.maxrate_bps, max(wanted_bps, MAXRATE_MIN_BPS))})
