"""Where chunks meet the picture is as good as in one run: nobody sees a join."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from millrace.media import cmaf, ffmpeg
from millrace.media.plan import Chunk, EncodePlan, make_plan
from millrace.platform import process
from tests.media_fixtures import FFMPEG
from tests.media_fixtures.transcoding import LOCAL, examine_file

SECONDS = 10
# Decibels. Measured 0.01 and 0.2; without the frames that are thrown away around each chunk 0.1 and 2.4.
MEAN_LOSS_MAX_DB = 0.05
FRAME_LOSS_MAX_DB = 0.6
# A group of pictures after the join, and what the look-ahead saw before it.
BEFORE, AFTER = 12, 48


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moving picture with fine detail, nearly lossless."""
    path = tmp_path_factory.mktemp("join") / "clip.mp4"
    picture = f"mandelbrot=s=320x240:r=24:end_scale=0.05:maxiter=150,trim=end={SECONDS}"
    command = [FFMPEG, "-y", "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264"]
    options = ["-preset", "ultrafast", "-qp", "6", "-g", "100", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, *options, str(path)], check=True, timeout=120)
    return path


def _psnr(source: Path, plan: EncodePlan, chunks: tuple[Chunk, ...], folder: Path) -> NDArray[np.float64]:
    """Encode these chunks, and return how near each frame is to the source's."""
    folder.mkdir()
    rendition = plan.renditions[0]
    data = b""
    for chunk in chunks:
        planned = plan.model_copy(update={"chunks": chunks})
        process.run(ffmpeg.chunk_argv(FFMPEG, planned, chunk, str(source), str(folder), LOCAL), timeout_s=120)
        cut = cmaf.cut_chunk(folder / f"{rendition.name}.mp4", planned, chunk, rendition)
        data += (b"" if data else cut.init) + b"".join(bytes(segment.data) for segment in cut.segments)
    joined, stats = folder / "joined.mp4", folder / "psnr"
    joined.write_bytes(data)
    graph = f"[0:v]settb=1/24,setpts=N[a];[1:v]settb=1/24,setpts=N[b];[a][b]psnr=stats_file={stats}"
    command = [
        FFMPEG,
        "-nostdin",
        "-v",
        "error",
        "-i",
        str(joined),
        "-i",
        str(source),
        "-lavfi",
        graph,
        "-f",
        "null",
        "-",
    ]
    subprocess.run(command, check=True, timeout=120)
    return np.array([float(value) for value in re.findall(r"psnr_y:([0-9.]+)", stats.read_text())])


def _uncapped(plan: EncodePlan) -> EncodePlan:
    """Let quality alone decide: under a cap single frames differ from run to run."""
    top = plan.renditions[0].model_copy(update={"maxrate_bps": 50_000_000})
    return plan.model_copy(update={"renditions": (top,)})


def test_the_picture_is_as_good_at_a_join_as_in_one_run(source: Path, tmp_path: Path) -> None:
    examined = examine_file(source)
    plan = _uncapped(make_plan(examined.source, examined.timeline, parallelism=4))
    whole = Chunk(index=0, start_frame=0, end_frame=plan.frame_count, first_segment=1, margin_s=1.0)
    in_chunks = _psnr(source, plan, plan.chunks, tmp_path / "chunks")
    in_one = _psnr(source, plan, (whole,), tmp_path / "one")
    assert len(in_chunks) == len(in_one) == plan.frame_count
    joins = [chunk.start_frame for chunk in plan.chunks[1:]]
    assert joins == [96, 192]
    for join in joins:
        loss = (in_one - in_chunks)[join - BEFORE : join + AFTER]
        assert loss.mean() < MEAN_LOSS_MAX_DB
        assert loss.max() < FRAME_LOSS_MAX_DB
