"""Bring HDR pictures to SDR: a table from BT.2100 signals to BT.709 ones, as the .cube that ffmpeg's lut3d reads.

Recommendation ITU-R BT.2446 method A maps what a display of 1,000 cd/m² shows to one of 100; BT.2087 maps the colours.
swscale's own mapping gives similar pictures for three and a half times the CPU, and follows what each file says of the
display that it was graded on; a table is the same for every chunk.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Final, Literal

__all__ = ["Tone", "cube", "to_sdr", "tone_of"]

Tone = Literal["pq", "hlg"]
Colour = tuple[float, float, float]

HDR_NITS: Final = 1000.0
SDR_NITS: Final = 100.0
PQ_NITS: Final = 10_000.0
# Gamma of a reference display for SDR (BT.1886); what lies beyond 1,000 cd/m² is shown as that.
GAMMA: Final = 2.4
HLG_SYSTEM_GAMMA: Final = 1.2
# The usual size of such tables; PQ and HLG are even steps for the eye, so that interpolation between them is not seen.
CUBE_SIZE: Final = 33
# Weights of BT.2020's colours in its luminance.
LUMA: Final = (0.2627, 0.6780, 0.0593)
# BT.2020 to BT.709 in linear light (BT.2087 2.4).
TO_709: Final = (
    (1.6605, -0.5876, -0.0728),
    (-0.1246, 1.1329, -0.0083),
    (-0.0182, -0.1006, 1.1187),
)


def tone_of(transfer: str) -> Tone | None:
    """Return the HDR system of a transfer function as ffprobe names it; nothing for SDR."""
    tones: dict[str, Tone] = {"smpte2084": "pq", "arib-std-b67": "hlg"}
    return tones.get(transfer)


@cache
def cube(tone: Tone) -> str:
    """Return the table as text; a fifth of a second of work, remembered."""
    steps = [step / (CUBE_SIZE - 1) for step in range(CUBE_SIZE)]
    to_light = _EOTF[tone]
    lights = [to_light(step) for step in steps]
    rows = [f"LUT_3D_SIZE {CUBE_SIZE}"]
    # Red runs fastest.
    for blue in lights:
        for green in lights:
            for red in lights:
                sdr = _mapped(_displayed((red, green, blue), tone))
                rows.append(f"{sdr[0]:.5f} {sdr[1]:.5f} {sdr[2]:.5f}")
    return "\n".join(rows) + "\n"


def to_sdr(signal: Colour, tone: Tone) -> Colour:
    """Return the BT.709 signal, 0 to 1, for a BT.2100 R'G'B' signal, 0 to 1."""
    to_light = _EOTF[tone]
    red, green, blue = (to_light(part) for part in signal)
    return _mapped(_displayed((red, green, blue), tone))


def _pq_light(signal: float) -> float:
    """Return displayed light as a share of HDR_NITS (BT.2100 table 4)."""
    root = max(signal, 0.0) ** (1 / 78.84375)
    light = max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return float(min(light ** (1 / 0.1593017578125) * PQ_NITS / HDR_NITS, 1.0))


def _hlg_light(signal: float) -> float:
    """Return the light of the scene, 0 to 1 (BT.2100 table 5)."""
    if signal <= 0.5:
        return signal * signal / 3
    return (math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12


_EOTF: Final[dict[Tone, Callable[[float], float]]] = {"pq": _pq_light, "hlg": _hlg_light}


def _displayed(light: Colour, tone: Tone) -> Colour:
    """Return displayed light; HLG's is the scene's until the display adds its gamma (BT.2100 table 5)."""
    if tone == "pq":
        return light
    luminance = _luma(light)
    factor = luminance ** (HLG_SYSTEM_GAMMA - 1) if luminance > 0 else 0.0
    return light[0] * factor, light[1] * factor, light[2] * factor


def _luma(colour: Colour) -> float:
    return LUMA[0] * colour[0] + LUMA[1] * colour[1] + LUMA[2] * colour[2]


def _mapped(light: Colour) -> Colour:
    """Map displayed light to an SDR signal (BT.2446 4.2 to 4.4), and its colours to those of BT.709."""
    red, green, blue = (part ** (1 / GAMMA) for part in light)
    luma = _luma((red, green, blue))
    if luma <= 0:
        return 0.0, 0.0, 0.0
    mapped = _curve(luma)
    # Colours grow with the luma, a tenth less: bright ones would leave the gamut.
    factor = mapped / (1.1 * luma)
    red_difference, blue_difference = factor * (red - luma), factor * (blue - luma)
    mapped -= max(0.1 * red_difference / 1.4746, 0.0)
    sdr_red, sdr_blue = mapped + red_difference, mapped + blue_difference
    sdr_green = (mapped - LUMA[0] * sdr_red - LUMA[2] * sdr_blue) / LUMA[1]
    return _in_709((sdr_red, sdr_green, sdr_blue))


def _curve(luma: float) -> float:
    """Map luma to luma: in even steps for the eye, with a knee, and back (BT.2446 4.2)."""
    hdr, sdr = (1 + 32 * (nits / PQ_NITS) ** (1 / GAMMA) for nits in (HDR_NITS, SDR_NITS))
    seen = math.log(1 + (hdr - 1) * luma) / math.log(hdr)
    if seen <= 0.7399:
        kept = 1.0770 * seen
    elif seen < 0.9909:
        kept = -1.1510 * seen * seen + 2.7811 * seen - 0.6302
    else:
        kept = 0.5 * seen + 0.5
    return float((sdr**kept - 1) / (sdr - 1))


def _in_709(signal: Colour) -> Colour:
    """Return the same colour for BT.709's primaries, clipped where it lies outside of them."""
    red, green, blue = (max(part, 0.0) ** GAMMA for part in signal)
    first, second, third = (
        min(max(row[0] * red + row[1] * green + row[2] * blue, 0.0), 1.0) ** (1 / GAMMA) for row in TO_709
    )
    return first, second, third
