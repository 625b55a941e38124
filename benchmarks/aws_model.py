"""A model of a transcode on AWS, fed by what was measured here: wall time and cost by length and parallelism."""

import math
from dataclasses import dataclass

from millrace.costs import prices

# Lambda gives a vCPU for each 1,769 MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEMORY_MB = 10_240
VCPUS = MEMORY_MB / 1769
# Decoding and the largest rendition do not fill every core all the time. Assumed, not measured on Lambda.
EFFICIENCY = 0.85
USD_MICRO = 1_000_000
# Chunk lengths as media.plan chooses them: growing first ones, then all alike.
CHUNK_MIN_S, CHUNK_MAX_S, SEGMENT_S, FIRST_S = 8, 30, 4, 4
GROWING_S = (4, 4, 8, 16)
# Assumed: a cold container with its layers, and the steps before and after the encoding.
COLD_START_S = 2.0
STEPS_S = 4.0
# Encode and show: two states each, and what Step Functions counts around them.
TRANSITIONS_A_CHUNK = 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a film takes."""

    playable_s: float
    ready_s: float
    usd: float


def estimate(film_s: int, functions: int, cpu_s_a_second: float, renditions: int) -> Estimate:
    """Return what a film takes with so many functions at a time; `cpu_s_a_second` is for all renditions together."""
    chunk_s = min(max(math.ceil(film_s / functions), CHUNK_MIN_S), CHUNK_MAX_S)
    chunk_s = math.ceil(chunk_s / SEGMENT_S) * SEGMENT_S
    growing_s = [length_s for length_s in GROWING_S if length_s < chunk_s]
    chunks = len(growing_s) + math.ceil(max(0, film_s - sum(growing_s)) / chunk_s)
    speed = VCPUS * EFFICIENCY
    first_s = COLD_START_S + FIRST_S * cpu_s_a_second / speed
    waves = math.ceil((chunks - 1) / functions)
    ready_s = STEPS_S + first_s + COLD_START_S + waves * chunk_s * cpu_s_a_second / speed
    return Estimate(STEPS_S + first_s, ready_s, _usd(film_s, chunks, cpu_s_a_second / speed, renditions))


def _usd(film_s: int, chunks: int, function_s_a_second: float, renditions: int) -> float:
    gb_s = film_s * function_s_a_second * MEMORY_MB / 1024
    segments = math.ceil(film_s / SEGMENT_S) * (renditions + 1)
    usd_micro = (
        gb_s * prices.LAMBDA_GB_S
        + 2 * chunks * prices.LAMBDA_REQUEST
        + TRANSITIONS_A_CHUNK * chunks * prices.TRANSITION
        + segments * prices.S3_PUT
    )
    return usd_micro / USD_MICRO
