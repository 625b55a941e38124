"""HDR and deep colours arrive in a picture that every screen shows: known patches have sensible lumas."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from millrace.media import ffmpeg
from millrace.media.notes import notes_of
from millrace.platform import process
from tests.media_fixtures import FFMPEG, FFPROBE
from tests.media_fixtures.transcoding import LOCAL, Transcoded, examine_file, transcode

PATCH_PX = 32
HEIGHT_PX = 64


@dataclass(frozen=True)
class Patch:
    """R'G'B' of the source, and what may come out: 8-bit luma, and R'G'B' where the colour is the point."""

    signal: tuple[float, float, float]
    luma: tuple[int, int]


def _pq(nits: float) -> float:
    power = (nits / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _grey(signal: float, lowest: int, highest: int) -> Patch:
    return Patch((signal, signal, signal), (lowest, highest))


# Black stays black, mid grey (26 cd/m²) is mid grey, paper white (203 cd/m², BT.2408) is bright but not white, and
# highlights up to 1,000 cd/m² still differ.
PQ = [
    _grey(0.0, 16, 18),
    _grey(_pq(26), 80, 100),
    _grey(_pq(203), 155, 180),
    _grey(_pq(600), 205, 225),
    _grey(_pq(1000), 230, 236),
    _grey(_pq(4000), 230, 236),
]
HLG = [_grey(0.0, 16, 18), _grey(0.38, 80, 100), _grey(0.75, 155, 180), _grey(0.9, 195, 220), _grey(1.0, 230, 236)]


def _write(path: Path, patches: list[Patch], transfer: str, codec: tuple[str, ...]) -> Path:
    """Write two seconds of patches side by side, 10 bits in BT.2020."""
    row = np.repeat(np.array([patch.signal for patch in patches]), PATCH_PX, axis=0)
    red, green, blue = (np.tile(row[:, part], (HEIGHT_PX, 1)) for part in range(3))
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = [
        64 + 876 * luma,
        512 + 896 * ((blue - luma) / 1.8814)[::2, ::2],
        512 + 896 * ((red - luma) / 1.4746)[::2, ::2],
    ]
    frame = b"".join(np.round(plane).astype("<u2").tobytes() for plane in planes)
    tags = f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
    command = [FFMPEG, "-y", "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p10le"]
    command += ["-s", f"{PATCH_PX * len(patches)}x{HEIGHT_PX}", "-r", "25", "-i", "-", "-vf", tags, *codec, str(path)]
    subprocess.run(command, input=frame * 50, check=True, timeout=60)
    return path


HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:crf=8", "-tag:v", "hvc1")


def _planes(path: Path, size: tuple[int, int], pixel_format: str) -> NDArray[np.uint8]:
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", str(path), "-frames:v", "1", "-pix_fmt", pixel_format]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], check=True, capture_output=True, timeout=60).stdout
    shape = (size[1], size[0]) if pixel_format == "gray" else (size[1], size[0], 3)
    return np.frombuffer(raw[: int(np.prod(shape))], np.uint8).reshape(shape)


def _lumas(result: Transcoded, count: int) -> list[int]:
    rendition = result.plan.renditions[0]
    raw = _raw_luma(result.joined(rendition.name), rendition.width, rendition.height)
    middle = raw[rendition.height // 2]
    return [int(middle[int((patch + 0.5) * rendition.width / count)]) for patch in range(count)]


def _raw_luma(path: Path, width: int, height: int) -> NDArray[np.uint8]:
    """Return the luma as coded, limited range, no conversion."""
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(raw[: width * height], np.uint8).reshape(height, width)


def _colour_tags(path: Path) -> list[str]:
    fields = "pix_fmt,color_range,color_space,color_transfer,color_primaries"
    command = [FFPROBE, "-v", "error", "-select_streams", "v", "-show_entries", f"stream={fields}", "-of", "csv=p=0"]
    return subprocess.run([*command, str(path)], check=True, capture_output=True, text=True).stdout.strip().split(",")


@pytest.mark.parametrize(
    ("name", "patches", "transfer", "codec"),
    [
        ("pq.mp4", PQ, "smpte2084", HEVC),
        ("hlg.mp4", HLG, "arib-std-b67", HEVC),
        ("pq.mkv", PQ, "smpte2084", ("-c:v", "ffv1")),
    ],
)
def test_hdr_patches_have_sensible_lumas(
    name: str, patches: list[Patch], transfer: str, codec: tuple[str, ...], tmp_path: Path
) -> None:
    source = _write(tmp_path / name, patches, transfer, codec)
    result = transcode(source, tmp_path / "out")
    lumas = _lumas(result, len(patches))
    for luma, patch in zip(lumas, patches, strict=True):
        assert patch.luma[0] <= luma <= patch.luma[1], lumas
    assert lumas == sorted(lumas)
    assert _colour_tags(result.joined(result.plan.renditions[0].name)) == ["yuv420p", "tv", "bt709", "bt709", "bt709"]


def test_hdr_colours_keep_their_hue(tmp_path: Path) -> None:
    level = _pq(150)
    low = _pq(20)
    patches = [
        Patch((level, low, low), (0, 255)),
        Patch((low, level, low), (0, 255)),
        Patch((low, low, level), (0, 255)),
    ]
    result = transcode(_write(tmp_path / "pq.mkv", patches, "smpte2084", ("-c:v", "ffv1")), tmp_path / "out")
    rendition = result.plan.renditions[0]
    picture = _planes(result.joined(rendition.name), (rendition.width, rendition.height), "rgb24")
    for patch in range(3):
        colour = picture[rendition.height // 2, int((patch + 0.5) * rendition.width / 3)].astype(int)
        strongest = int(colour.argmax())
        assert strongest == patch
        others = [colour[part] for part in range(3) if part != patch]
        assert colour[patch] > 1.4 * max(others)


def test_the_owner_is_told(tmp_path: Path) -> None:
    source = _write(tmp_path / "hlg.mkv", HLG, "arib-std-b67", ("-c:v", "ffv1"))
    examined = examine_file(source)
    result = transcode(source, tmp_path / "out")
    assert notes_of(examined.source, examined.timeline, result.plan) == (
        "The file is in HDR (HLG); the film is shown in standard colours (SDR).",
    )


def test_the_poster_of_an_hdr_film_is_not_pale(tmp_path: Path) -> None:
    patches = [_grey(_pq(203), 0, 255), _grey(_pq(1), 0, 255)]
    source = _write(tmp_path / "pq.mkv", patches, "smpte2084", ("-c:v", "ffv1"))
    plan = transcode(source, tmp_path / "out").plan
    for path, text in ffmpeg.side_files(plan, str(tmp_path)).items():
        Path(path).write_text(text)
    poster = tmp_path / "poster.jpg"
    process.run(ffmpeg.poster_argv(FFMPEG, plan, str(source), str(poster), LOCAL), timeout_s=60)
    picture = _planes(poster, (plan.renditions[0].width, plan.renditions[0].height), "rgb24")
    bright, dark = (int(picture[32, x].mean()) for x in (16, 48))
    assert 160 <= bright <= 195  # 166 of 235 in full range
    assert dark < 40


def test_deep_colours_without_hdr_keep_their_levels(tmp_path: Path) -> None:
    patches = [_grey(level, round(16 + 219 * level) - 2, round(16 + 219 * level) + 2) for level in (0, 0.25, 0.5, 1)]
    source = _write(tmp_path / "sdr.mkv", patches, "bt709", ("-c:v", "ffv1"))
    result = transcode(source, tmp_path / "out")
    assert result.plan.tone is None
    for luma, patch in zip(_lumas(result, len(patches)), patches, strict=True):
        assert patch.luma[0] <= luma <= patch.luma[1]
