"""Make small clips: a barcode numbers each frame, a flash and a beep mark each full second."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.media_fixtures.tools import FFMPEG

BITS = 12
# The picture's upper part carries the number, the lower part moves and flashes.
BARCODE_SHARE = 0.4
WHITE, BLACK = 235, 16
SAMPLE_RATE_HZ = 48_000
BEEP_HZ = 1000
BEEP_S = 0.05
# Sound before the first beep stays silent, so that its onset is sharp.
FLASH_EVERY_S = 1


@dataclass(frozen=True)
class ClipOptions:
    """Say how a clip is coded.

    `video_filter` runs on the numbered frames (drop some, shift their times); `output` are more options of
    the muxer and encoder; `input` go before the file of a second, copying pass, `remux` behind it.
    """

    gop: int = 250
    bframes: int = 2
    open_gop: bool = False
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    video_filter: str = ""
    audio_filter: str = ""
    output: tuple[str, ...] = ()
    remux_input: tuple[str, ...] = ()
    remux: tuple[str, ...] | None = None


def make_clip(
    path: Path,
    *,
    seconds: float = 6,
    size: tuple[int, int] = (320, 180),
    rate: Fraction | int = 30,
    audio: bool = True,
    options: ClipOptions | None = None,
) -> Path:
    """Write a clip of round(seconds * rate) frames numbered from 0; the suffix decides the container."""
    coded = options or ClipOptions()
    exact_rate = Fraction(rate)
    count = round(seconds * exact_rate)
    target = path if coded.remux is None else path.with_name(f"plain_{path.stem}.mp4")
    command = [FFMPEG, "-y", "-nostdin", "-v", "error"]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{size[0]}x{size[1]}", "-r", str(exact_rate), "-i", "-"]
    if audio:
        command += ["-f", "lavfi", "-i", _sound(count / exact_rate)]
    command += ["-map", "0:v", *(["-map", "1:a"] if audio else [])]
    if coded.video_filter:
        command += ["-vf", coded.video_filter, "-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
    if audio and coded.audio_filter:
        command += ["-af", coded.audio_filter]
    command += [*_video_codec(coded), *_audio_codec(path), *coded.output, str(target)]
    frames = b"".join(frame.tobytes() for frame in _frames(count, size, exact_rate))
    subprocess.run(command, input=frames, check=True, timeout=60)
    if coded.remux is not None:
        copy = [FFMPEG, "-y", "-nostdin", "-v", "error", *coded.remux_input, "-i", str(target)]
        subprocess.run([*copy, "-map", "0", "-c", "copy", *coded.remux, str(path)], check=True, timeout=60)
        target.unlink()
    return path


def _video_codec(coded: ClipOptions) -> list[str]:
    options = ["-c:v", coded.codec, "-pix_fmt", coded.pixel_format, "-g", str(coded.gop)]
    if coded.codec == "libx264":
        options += ["-preset", "ultrafast", "-crf", "20", "-bf", str(coded.bframes), "-sc_threshold", "0"]
        if coded.open_gop:
            options += ["-flags", "-cgop", "-x264-params", f"open-gop=1:keyint={coded.gop}"]
    return options


def _audio_codec(path: Path) -> list[str]:
    return ["-c:a", "libopus" if path.suffix == ".webm" else "aac", "-b:a", "96k"]


def _sound(duration: Fraction) -> str:
    """Return a source that beeps at each full second, with the flash."""
    beep = f"between(mod(t,{FLASH_EVERY_S}),0,{BEEP_S})*gte(t,{FLASH_EVERY_S})"
    return f"aevalsrc='0.8*sin(2*PI*{BEEP_HZ}*t)*{beep}':s={SAMPLE_RATE_HZ}:d={float(duration):.6f}"


def _frames(count: int, size: tuple[int, int], rate: Fraction) -> Iterator[NDArray[np.uint8]]:
    width, height = size
    top = int(height * BARCODE_SHARE)
    columns = np.arange(width) * BITS // width
    ramp = np.add.outer(np.arange(height - top) * 2, np.arange(width))
    for number in range(count):
        frame = np.empty((height, width), np.uint8)
        frame[:top] = np.where((number >> columns) & 1, WHITE, BLACK)
        frame[top:] = WHITE if is_flash(number, rate) else (ramp + 3 * number) % 128 + 32
        yield frame


def is_flash(number: int, rate: Fraction) -> bool:
    """Return whether a frame is the one on screen when a full second, but the first, begins."""
    second = int(number / rate + Fraction(1, 2) / rate)
    return second > 0 and number == round(second * rate)
