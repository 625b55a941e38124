"""Read back what encoded clips show and sound like."""

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.media_fixtures.clips import BARCODE_SHARE, BITS, SAMPLE_RATE_HZ
from tests.media_fixtures.tools import FFMPEG, FFPROBE

_SIZE = (96, 60)


def _pictures(path: Path, upright: str = "null") -> NDArray[np.uint8]:
    """Decode every frame, small and grey, as a viewer sees it after the filter `upright`."""
    width, height = _SIZE
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v:0", "-fps_mode", "passthrough"]
    command += ["-vf", f"{upright},scale={width}:{height}:flags=area,format=gray", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width)


def read_barcodes(path: Path, upright: str = "null") -> list[int]:
    """Return the number of each decoded frame, in order."""
    pictures = _pictures(path, upright)
    middle = int(_SIZE[1] * BARCODE_SHARE / 2)
    cell = _SIZE[0] / BITS
    centres = [int((bit + 0.5) * cell) for bit in range(BITS)]
    bits = pictures[:, middle - 4 : middle + 4, :].mean(axis=1)[:, centres] > 126
    return [int(sum(1 << bit for bit in range(BITS) if row[bit])) for row in bits]


def flash_frames(path: Path) -> list[int]:
    """Return the positions of the frames that flash."""
    pictures = _pictures(path)
    lower = pictures[:, int(_SIZE[1] * BARCODE_SHARE) + 6 :, :].mean(axis=(1, 2))
    return [int(position) for position in np.flatnonzero(lower > 190)]


def read_samples(path: Path) -> NDArray[np.float64]:
    """Decode the sound to mono at 48 kHz; the first sample is at decode time zero."""
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", str(path), "-map", "0:a:0", "-ac", "1"]
    command += ["-ar", str(SAMPLE_RATE_HZ), "-f", "f32le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(raw, np.float32).astype(np.float64)


def first_beep_s(path: Path) -> float:
    """Return when the first beep begins.

    A coded beep rises a little early (pre-echo): its energy's centre is measured and half its length
    taken off.
    """
    from tests.media_fixtures.clips import BEEP_S

    samples = read_samples(path)
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    window = slice(max(0, int(loud[0]) - 2400), int(loud[0]) + 4800)
    energy = samples[window] ** 2
    centre = float((energy * np.arange(len(energy))).sum() / energy.sum())
    return (window.start + centre) / SAMPLE_RATE_HZ - BEEP_S / 2


def decode_errors(path: Path) -> str:
    """Return what ffprobe and ffmpeg complain about when they read all of a file."""
    probe = [FFPROBE, "-v", "warning", "-show_packets", "-of", "csv", str(path)]
    decode = [FFMPEG, "-nostdin", "-v", "warning", "-xerror", "-i", str(path), "-f", "null", "-"]
    runs = [subprocess.run(each, check=False, capture_output=True, timeout=60) for each in (probe, decode)]
    return "".join(run.stderr.decode() + (f"exit {run.returncode}" if run.returncode else "") for run in runs)
