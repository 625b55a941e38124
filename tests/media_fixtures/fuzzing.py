"""Fuzz the way of a film to its first chunk: real files, damaged by chance, thousands of them if wanted."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.media_fixtures.judging import judge_file
from tests.media_fixtures.mutations import mutate
from tests.media_fixtures.tools import FFMPEG

AT_ONCE = 2
_H264 = "-c:v libx264 -preset ultrafast -g 5"
# A small film in each kind of container and with each common codec, by file name.
SEEDS = {
    "plain.mp4": f"{_H264} -c:a aac",
    "fragmented.mp4": f"{_H264} -c:a aac -movflags +frag_keyframe+empty_moov",
    "front.mov": f"{_H264} -c:a pcm_s16le -movflags +faststart",
    "hevc.mp4": "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -c:a ac3",
    "film.mkv": f"{_H264} -c:a flac",
    "film.webm": "-c:v libvpx -deadline realtime -cpu-used 16 -c:a libopus",
    "vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
    "film.ts": f"{_H264} -c:a aac",
    "film.mpg": "-c:v mpeg2video -c:a mp2",
    "film.avi": "-c:v mpeg4 -c:a ac3",
    "film.flv": "-c:v flv1 -c:a aac",
    "prores.mov": "-c:v prores -c:a alac",
    "photos.mov": "-c:v mjpeg -c:a pcm_u8",
    "film.ogv": "-c:v libvpx -deadline realtime -f ogg -c:a libopus",
    "film.wmv": "-c:v wmv2 -c:a wmav2",
}
FINE = ("plays", "refused", "damaged")


@dataclass(frozen=True)
class Case:
    """Tell how a damaged file ended, and how long that took; `ending` beyond FINE names what went wrong."""

    name: str
    seed: int
    ending: str
    told: str
    took_s: float


def make_seeds(folder: Path) -> list[Path]:
    """Write the whole films."""
    return [_make(folder / name, options.split()) for name, options in SEEDS.items()]


def _make(path: Path, options: Sequence[str]) -> Path:
    picture, sound = "testsrc2=s=96x64:r=10:d=1", "sine=f=440:r=48000:d=1"
    command = [FFMPEG, "-y", "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    subprocess.run([*command, "-pix_fmt", "yuv420p", *options, str(path)], check=True, timeout=120)
    return path


def fuzz(seeds: Sequence[Path], cases: int, first_seed: int) -> Iterator[Case]:
    """Damage and judge that many files, the kinds in turn."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda number: _case(seeds[number % len(seeds)], first_seed + number), range(cases))


def _case(path: Path, seed: int) -> Case:
    started_s = time.monotonic()
    with TemporaryDirectory(prefix="fuzz_") as folder:
        damaged = Path(folder) / f"damaged{path.suffix}"
        damaged.write_bytes(mutate(path.read_bytes(), seed))
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        ending, told = _judge(damaged, scratch)
    return Case(path.name, seed, ending, told, time.monotonic() - started_s)


def _judge(path: Path, scratch: Path) -> tuple[str, str]:
    try:
        verdict = judge_file(path, scratch)
    except Exception as error:  # noqa: BLE001 - to find them all is the purpose
        return type(error).__name__, str(error)[-300:]
    return verdict.outcome, verdict.code
