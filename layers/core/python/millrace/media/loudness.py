"""Programme loudness (ITU-R BS.1770-4, EBU R 128): gate over blocks that were measured chunk by chunk."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict

__all__ = ["Blocks", "Loudness", "programme_loudness", "read_blocks"]

ABSOLUTE_GATE_LUFS: Final = -70.0
RELATIVE_GATE_LU: Final = 10.0
# Blocks of 400 ms that overlap by three quarters: one ends every 100 ms.
STEP_S: Final = 0.1
BLOCK_STEPS: Final = 4
# Blocks are counted in bins of a tenth: over a film the rounding errors cancel out.
BINS_A_LU: Final = 10
_OFFSET_LU: Final = 0.691
_MOMENTARY: Final = "lavfi.r128.M="
_TRUE_PEAK: Final = "lavfi.r128.true_peak="
_FRAME: Final = "frame:"


class Blocks(BaseModel):
    """Count the blocks of a piece of sound by their loudness in tenths of LUFS; `true_peak` is linear."""

    model_config = ConfigDict(frozen=True)

    counts: dict[int, int]
    true_peak: float


class Loudness(BaseModel):
    """Tell how loud a whole film is."""

    model_config = ConfigDict(frozen=True)

    integrated_lufs: float
    true_peak_dbtp: float


def read_blocks(metadata: str, *, first_s: float, last_s: float) -> Blocks:
    """Read what ffmpeg's ebur128 filter noted: the blocks that end after `first_s` and not after `last_s`.

    Times count from the first sample that the filter saw.
    """
    counts: Counter[int] = Counter()
    peak = 0.0
    steps = 0
    for line in metadata.splitlines():
        if line.startswith(_FRAME):
            steps += 1
        elif line.startswith(_TRUE_PEAK):
            peak = max(peak, _number(line.removeprefix(_TRUE_PEAK)))
        elif line.startswith(_MOMENTARY) and steps >= BLOCK_STEPS:
            level = _number(line.removeprefix(_MOMENTARY))
            if first_s < steps * STEP_S + 1e-6 <= last_s + 2e-6 and level > ABSOLUTE_GATE_LUFS:
                counts[round(level * BINS_A_LU)] += 1
    return Blocks(counts=dict(counts), true_peak=peak)


def _number(text: str) -> float:
    """Return a finite number; silence is reported as nan or -inf."""
    try:
        value = float(text)
    except ValueError:
        return -math.inf
    return value if math.isfinite(value) else -math.inf


def programme_loudness(pieces: Iterable[Blocks]) -> Loudness | None:
    """Return the gated loudness of pieces that follow each other; nothing for silence."""
    counts: Counter[int] = Counter()
    peak = 0.0
    for piece in pieces:
        counts.update(piece.counts)
        peak = max(peak, piece.true_peak)
    if not counts or peak <= 0:
        return None
    gate = _mean_lufs(counts) - RELATIVE_GATE_LU
    heard = Counter({level: count for level, count in counts.items() if level / BINS_A_LU > gate})
    return Loudness(
        integrated_lufs=round(_mean_lufs(heard), 1),
        true_peak_dbtp=round(20 * math.log10(peak), 1),
    )


def _mean_lufs(counts: Counter[int]) -> float:
    """Return the loudness of the mean power."""
    power = sum(count * 10 ** ((level / BINS_A_LU + _OFFSET_LU) / 10) for level, count in counts.items())
    return 10 * math.log10(power / counts.total()) - _OFFSET_LU
