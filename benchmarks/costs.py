"""Costs: the processor time that real clips take in our pipeline, against what the model of costs says.

    .millrace/venv/bin/python -m benchmarks.costs [--seconds 10]

Each clip is planned and encoded chunk by chunk as the workflow does, the whole ladder, without the measuring of
complexity. Processor time depends little on what else runs; it does depend on the processor.
"""

import argparse
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.real_clips import CLIPS, clip_file
from benchmarks.table import print_table
from millrace.costs.model import SOUND_CPU_S_A_SECOND, START_CPU_S, cpu_s
from millrace.media import ffmpeg
from millrace.media.plan import make_plan
from millrace.platform.process import run
from tests.media_fixtures.tools import FFMPEG
from tests.media_fixtures.transcoding import LOCAL, examine_file


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10, help="how much of each clip (default 10)")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="costs_") as folder:
        rows = [
            _row(clip.name, clip_file(clip), clip.start_s, height, arguments.seconds, Path(folder))
            for clip in CLIPS
            for height in (1080, 720, 360)
        ]
    print_table("Processor time of encoding", ["clip", "made to", "renditions", "measured", "model", "ratio"], rows)


def _row(name: str, path: Path, start_s: float, height: int, seconds: int, folder: Path) -> list[str]:
    """Scale the clip, so that every size is known, and encode it."""
    source = folder / f"{path.stem}_{height}.mp4"
    scale = f"scale=-2:{height}:flags=bicubic,fps=30"
    cut = [FFMPEG, "-y", "-v", "error", "-ss", str(start_s), "-t", str(seconds), "-i", str(path), "-vf", scale]
    cut += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "60", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([*cut, str(source)], check=True)
    examined = examine_file(source)
    plan = make_plan(examined.source, examined.timeline, parallelism=40)
    measured = 0.0
    for chunk in plan.chunks:
        argv = ffmpeg.chunk_argv(FFMPEG, plan, chunk, str(source), str(folder), LOCAL)
        measured += run(argv, timeout_s=600).cpu_s
    expected = cpu_s(plan)
    for sound in plan.audio_chunks:
        argv = ffmpeg.audio_argv(FFMPEG, plan, sound, str(source), str(folder), LOCAL)
        measured += run(argv, timeout_s=600).cpu_s
        expected += START_CPU_S + len(plan.audio) * SOUND_CPU_S_A_SECOND * float(plan.duration_s)
    length_s = float(plan.duration_s)
    figures = [f"{measured / length_s:.2f}", f"{expected / length_s:.2f}", f"{expected / measured:.2f}"]
    return [name, f"{height}p30", str(len(plan.renditions)), *figures]


if __name__ == "__main__":
    main()
