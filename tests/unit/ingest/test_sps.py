"""The size of a picture is read from what encoders really write."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media import flv
from millrace.media.boxes import Malformed
from millrace.media.live.sps import PictureSize, picture_size
from tests.media_fixtures.tools import FFMPEG


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((320, 180), ["-profile:v", "baseline"]),
        ((1920, 1080), ["-profile:v", "high"]),
        ((202, 426), ["-profile:v", "main"]),
        ((320, 180), ["-pix_fmt", "yuv444p", "-profile:v", "high444"]),
        ((320, 180), ["-flags", "+ilme+ildct", "-x264-params", "interlaced=1", "-profile:v", "main"]),
        ((322, 180), ["-pix_fmt", "yuv422p", "-profile:v", "high422"]),
    ],
)
def test_sizes_of_real_streams(tmp_path: Path, size: tuple[int, int], options: list[str]) -> None:
    path = tmp_path / "a.flv"
    argv = [FFMPEG, "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"color=s={size[0]}x{size[1]}:d=0.1"]
    pixels = [] if "-pix_fmt" in options else ["-pix_fmt", "yuv420p"]
    subprocess.run([*argv, "-c:v", "libx264", *pixels, *options, str(path)], check=True, timeout=60)
    tags = [tag for tag in flv.read_tags(path.read_bytes()) if tag.kind is flv.TagKind.VIDEO]
    start = flv.video_header(tags[0].payload).data_start
    assert picture_size(tags[0].payload[start:]) == PictureSize(*size)


@given(st.binary(max_size=80))
def test_rubbish_is_refused_and_nothing_else_happens(data: bytes) -> None:
    try:
        picture_size(data)
    except Malformed:
        return
