"""The model: what a plan will use on AWS. docs/costs.md says where each figure comes from.

Retries are not in it, nor are the table's requests and the log lines: together below one part in a hundred.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from millrace.costs.cost import SCRATCH_INCLUDED_MB, Cost
from millrace.media.ffmpeg import chunk_window
from millrace.media.plan import EncodePlan

# Measured on a vCPU of an AMD EPYC with real clips: benchmarks/costs.py compares them with what a film takes here.
DECODE_CPU_S_A_PIXEL: Final = 5.6e-9
ENCODE_CPU_S_A_PIXEL: Final = 12.7e-9
SOUND_CPU_S_A_SECOND: Final = 0.02
START_CPU_S: Final = 0.1
# A seek lands on a key frame before its aim: half of what phones and cameras usually leave between two.
SEEK_S: Final = 1.0
# AWS gives a vCPU for each so many MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_A_VCPU: Final = 1769
# Decoding and the largest rendition do not keep every core busy all the time. Assumed, not measured on Lambda.
EFFICIENCY: Final = 0.85
# Beside the encoding, for each invocation: a cold start now and then, the source's first bytes, storing the segments.
OVERHEAD_S: Final = 1.0
# Memory and /tmp as the template has them, and seconds that a step takes. Encoders of sound use one core.
SOUND_MEMORY_MB: Final = 1769
SCRATCH_MB: Final = 4096
# Seconds of the other steps, together, at the memory that most have, and of showing one more chunk.
STEPS_S: Final = 10.0
SHOW_S: Final = 0.5
STEP_MEMORY_MB: Final = 1769
STEPS: Final = 6
STATES: Final = 15
# Encode, show, and what the Map counts for each item.
STATES_A_CHUNK: Final = 3
# Ranges that a decoder asks for, and reports that are read to show and to package.
GETS_A_CHUNK: Final = 16
# Capped CRF stays below its cap: the usual share of it.
SHARE_OF_CAP: Final = 0.5


def estimate(plan: EncodePlan, encode_memory_mb: int) -> Cost:
    """Return what the plan will take with encoders of that memory, all steps together, tried once."""
    picture_s = [_function_s(_picture_cpu_s(plan, i), encode_memory_mb) for i in range(len(plan.chunks))]
    sound_s = [
        _function_s(START_CPU_S + _sound_s(plan, i) * len(plan.audio) * SOUND_CPU_S_A_SECOND, SOUND_MEMORY_MB)
        for i in range(len(plan.audio_chunks))
    ]
    encoders_gb_s = sum(picture_s) * encode_memory_mb / 1024 + sum(sound_s) * SOUND_MEMORY_MB / 1024
    return total(plan, encoders_gb_s, sum(picture_s) + sum(sound_s))


def tasks_of(plan: EncodePlan) -> int:
    """Return how many tasks encode the film."""
    return len(plan.chunks) + len(plan.audio_chunks)


def total(plan: EncodePlan, encoders_gb_s: float, encoders_s: float, *, done: int | None = None) -> Cost:
    """Add to what the encoders take what goes with it: the other steps, requests, transitions, objects.

    `done` is how many of the tasks there were, if not all.
    """
    tasks = tasks_of(plan) if done is None else done
    segments = plan.segment_count * len(plan.renditions) + len(plan.audio_segment_bounds()) * len(plan.audio)
    segments = segments * tasks // tasks_of(plan)
    tracks = len(plan.renditions) + len(plan.audio)
    shown_s = tasks * SHOW_S
    return Cost.of(
        gb_s=encoders_gb_s + (STEPS_S + shown_s) * STEP_MEMORY_MB / 1024,
        scratch_gb_s=encoders_s * (SCRATCH_MB - SCRATCH_INCLUDED_MB) / 1024,
        requests=2 * tasks + STEPS,
        transitions=STATES_A_CHUNK * tasks + STATES,
        # Segments and init segments, a report for each task, and the playlists once more with each of them.
        puts=segments + tracks + tasks * (tracks + 3) + tracks + 10,
        gets=GETS_A_CHUNK * tasks,
    )


def stored_bytes(plan: EncodePlan) -> int:
    """Return about how many bytes the film will take in the media bucket."""
    rates_bps = sum(rendition.maxrate_bps * SHARE_OF_CAP for rendition in plan.renditions)
    sound_bps = sum(track.bitrate_bps for track in plan.audio)
    return round(float(plan.duration_s) * (rates_bps + sound_bps) / 8)


def cpu_s(plan: EncodePlan) -> float:
    """Return the processor time that all encoders of the picture take."""
    return sum(_picture_cpu_s(plan, number) for number in range(len(plan.chunks)))


def _picture_cpu_s(plan: EncodePlan, number: int) -> float:
    chunk = plan.chunks[number]
    first, last = chunk_window(plan, chunk)
    encoded_s = (last - first) / plan.frame_rate
    decoded_s = encoded_s + (Fraction(SEEK_S) + Fraction(chunk.margin_s) if first else 0)
    top = plan.renditions[0]
    # The source is at least as large as the largest rendition; what is larger costs more, and is rare.
    decoding = _pixels([top.width * top.height], plan.frame_rate, decoded_s) * DECODE_CPU_S_A_PIXEL
    sizes = [rendition.width * rendition.height for rendition in plan.renditions]
    return START_CPU_S + decoding + _pixels(sizes, plan.frame_rate, encoded_s) * ENCODE_CPU_S_A_PIXEL


def _pixels(areas: Sequence[int], rate: Fraction, seconds: Fraction) -> float:
    return float(sum(areas) * rate * seconds)


def _sound_s(plan: EncodePlan, number: int) -> float:
    chunk = plan.audio_chunks[number]
    return (chunk.end_sample - chunk.start_sample) / plan.audio[0].sample_rate_hz


def _function_s(processor_s: float, memory_mb: int) -> float:
    return processor_s / (memory_mb / MB_A_VCPU * EFFICIENCY) + OVERHEAD_S
