"""Video on demand: CPU against plain ffmpeg, time to the first playable second, and what the functions need.

    ./millrace up && .millrace/venv/bin/python -m benchmarks.vod [--full] [--runs 3] [--minutes 1 5]

- CPU: a minute of 1080p30 is processed whole, and then encoded by one plain ffmpeg that does the same ladder with
  the same settings, and by one ffmpeg for each rendition. Ratios are of the same run; CPU seconds, because wall time
  on a shared machine says little. "ffmpeg" counts the encoders as they report; "platform" also the emulator, the
  functions and the edge.
- Playable: from S3's event of the finished upload to the moment at which the beginning can be watched, by length of
  the source, and where that time goes. What is not encoded by then is cancelled; each waits until the machine is idle.
- Functions: the most memory and scratch space that each used, against the sizes that the template gives.
- AWS: a model of wall time and cost, fed by the measured CPU.

The short version takes about seven minutes on two free cores; --full repeats the comparison three times and adds
sources of twenty minutes, and takes about twenty. --cpu-runs and --runs make it longer.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import aws_model, rivals
from benchmarks.functions_watch import Watched, wait_until_idle, watching
from benchmarks.processes import tree_cpu_s
from benchmarks.stages import stages
from benchmarks.table import print_table
from millrace.media.plan import EncodePlan
from scripts.deployer.target import local_target
from scripts.millrace_cli.account import read_credentials
from scripts.millrace_cli.api import Api
from scripts.millrace_cli.home import current_home
from scripts.supervisor.client import current_report

ROOT = Path(__file__).parents[1]
POLL_S = 1.0
PLAYABLE_DEADLINE_S = 600


@dataclass(frozen=True, slots=True)
class Whole:
    """What a minute took from the upload to a film, and what its rivals took."""

    plan: EncodePlan
    playable_s: float
    ready_s: float
    idle_share: float
    ffmpeg_cpu_s: float
    platform_cpu_s: float
    one_cpu_s: float
    each_cpu_s: float


class Bench:
    """A running platform, and what the runs need of it."""

    def __init__(self) -> None:
        report = current_report(current_home().run_dir)
        if report is None:
            raise SystemExit("Millrace is not running: start it with ./millrace up")
        self.supervisor = report.supervisor.pid
        self.status: dict[str, Any] = json.loads(_millrace("status", "--json"))
        self.target = local_target(self.status["emulator"])
        self.api = Api(self.status["edge_url"])
        account = read_credentials(current_home())
        if account is None:
            raise SystemExit("There is no account of yours here: ./millrace up makes one")
        self.api.sign_in(account.email, account.password)

    def upload(self, source: Path) -> str:
        """Upload the source; return the video's id."""
        return str(json.loads(_millrace("upload", str(source), "--json"))["video_id"])

    def wait(self, video_id: str, field: str) -> dict[str, Any]:
        """Wait until the video has the field, a moment; return the video."""
        deadline_s = time.monotonic() + PLAYABLE_DEADLINE_S
        while time.monotonic() < deadline_s:
            video = self.api.request("GET", f"/api/videos/{video_id}")
            if video["state"] == "failed":
                raise SystemExit(f"processing failed: {video['failure']['message']}")
            if video[field]:
                return video
            time.sleep(POLL_S)
        raise SystemExit(f"still no {field} after {PLAYABLE_DEADLINE_S} s")

    def reports(self, video_id: str) -> tuple[EncodePlan, float]:
        """Return the plan of the film, and the CPU that the encoders reported."""
        bucket = self.status["outputs"]["UploadsBucket"]
        found = self.target.s3.list_objects_v2(Bucket=bucket, Prefix=f"work/{video_id}/")["Contents"]
        files = {
            each["Key"].split("/")[-1]: self.target.s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
            for each in found
        }
        encoded = [json.loads(text) for name, text in files.items() if name.startswith(("chunk_", "audio_"))]
        return EncodePlan.model_validate_json(files["plan.json"]), sum(report["cpu_s"] for report in encoded)

    def whole(self, source: Path, folder: Path, watched: Watched) -> Whole:
        """Process a source to its end, and let the rivals do the same."""
        wait_until_idle(self.supervisor)
        before_s = tree_cpu_s(self.supervisor)
        video = self.wait(self.upload(source), "ready_at")
        wait_until_idle(self.supervisor)
        platform_cpu_s = tree_cpu_s(self.supervisor) - before_s
        plan, ffmpeg_cpu_s = self.reports(video["video_id"])
        start_s, end_s = (_moment_s(video[name]) for name in ("uploaded_at", "ready_at"))
        return Whole(
            plan=plan,
            playable_s=_moment_s(video["playable_at"]) - start_s,
            ready_s=end_s - start_s,
            idle_share=watched.idle_share(start_s, end_s),
            ffmpeg_cpu_s=ffmpeg_cpu_s,
            platform_cpu_s=platform_cpu_s,
            one_cpu_s=rivals.one_ffmpeg_cpu_s(source, plan, folder),
            each_cpu_s=rivals.ffmpeg_each_cpu_s(source, plan, folder),
        )

    def playable(self, source: Path) -> list[float]:
        """Return how long it took until the source could be watched, by stages; the rest of it is not encoded."""
        wait_until_idle(self.supervisor)
        video = self.wait(self.upload(source), "playable_at")
        if video["state"] == "processing":
            self.api.request("POST", f"/api/videos/{video['video_id']}/cancel")
        self.api.request("DELETE", f"/api/videos/{video['video_id']}")
        machine = self.status["outputs"]["TranscodeStateMachine"]
        moments_s = (_moment_s(video[name]) for name in ("uploaded_at", "playable_at"))
        return stages(self.target, machine, video["video_id"], *moments_s)


def main() -> None:
    """Measure and print the tables."""
    arguments = _arguments()
    # Tables as they come, also into a file.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text stream, unless somebody replaced it
    bench = Bench()
    with tempfile.TemporaryDirectory() as name, watching(bench.supervisor) as watched:
        folder = Path(name)
        minute = rivals.make_minute(folder / "minute.mp4")
        wholes = [bench.whole(minute, folder, watched) for _ in range(arguments.cpu_runs)]
        _print_cpu(wholes)
        sources = {
            minutes: rivals.lengthen(minute, minutes, folder / f"{minutes}.mp4") for minutes in arguments.minutes
        }
        # By turns, so that a machine that becomes busy slows all lengths alike.
        playable: dict[int, list[list[float]]] = {minutes: [] for minutes in sources}
        for _ in range(arguments.runs):
            for minutes, source in sources.items():
                playable[minutes].append(bench.playable(source))
        _print_playable({minutes: [sum(took_s) for took_s in runs] for minutes, runs in playable.items()})
    _print_stages(playable)
    _print_functions(bench, watched)
    _print_model(wholes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="three runs of everything, and sources of 20 minutes")
    parser.add_argument("--runs", type=int, help="runs of the time to playable (default 3)")
    parser.add_argument("--cpu-runs", type=int, help="runs of the comparison of CPU (default 1, with --full 3)")
    parser.add_argument(
        "--minutes", type=int, nargs="+", help="lengths of the sources (default 1 5, with --full 1 5 20)"
    )
    arguments = parser.parse_args()
    arguments.runs = arguments.runs or 3
    arguments.cpu_runs = arguments.cpu_runs or (3 if arguments.full else 1)
    arguments.minutes = arguments.minutes or ([1, 5, 20] if arguments.full else [1, 5])
    return arguments


def _millrace(*arguments: str) -> str:
    return subprocess.run([str(ROOT / "millrace"), *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def _moment_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _print_cpu(wholes: Sequence[Whole]) -> None:
    def middle(values: Sequence[float]) -> float:
        return statistics.median(values)

    def row(name: str, cpu_s: Sequence[float], rest: str = "") -> list[str]:
        to_one = middle([each / whole.one_cpu_s for each, whole in zip(cpu_s, wholes, strict=True)])
        to_each = middle([each / whole.each_cpu_s for each, whole in zip(cpu_s, wholes, strict=True)])
        return [name, f"{middle(cpu_s):.1f} s", f"{to_one:.2f}", f"{to_each:.2f}", rest]

    idle = middle([whole.idle_share for whole in wholes])
    times = f"playable after {middle([w.playable_s for w in wholes]):.1f} s, ready after "
    times += f"{middle([w.ready_s for w in wholes]):.1f} s, {idle:.0%} of it without ffmpeg"
    rows = [
        row("one plain ffmpeg, whole ladder", [whole.one_cpu_s for whole in wholes]),
        row("one ffmpeg for each rendition", [whole.each_cpu_s for whole in wholes]),
        row("our encoders", [whole.ffmpeg_cpu_s for whole in wholes], times),
        row("our whole platform", [whole.platform_cpu_s for whole in wholes]),
    ]
    ladder = ", ".join(f"{each.short_side}p" for each in wholes[0].plan.renditions)
    title = f"60 s of 1080p30 to {ladder}, medians of {len(wholes)}"
    print_table(title, ["", "CPU", "to one ffmpeg", "to one each", ""], rows)


def _print_playable(playable: dict[int, list[float]]) -> None:
    shortest = statistics.median(playable[min(playable)])
    rows = [
        [
            f"{minutes} min of 1080p30",
            f"{statistics.median(times):.1f} s",
            f"{min(times):.1f} to {max(times):.1f} s",
            f"{statistics.median(times) / shortest:.2f}",
        ]
        for minutes, times in playable.items()
    ]
    runs = len(playable[min(playable)])
    print_table(f"From the finished upload to playable, medians of {runs}", ["", "median", "range", "ratio"], rows)


def _print_stages(found: dict[int, list[list[float]]]) -> None:
    rows = [
        [f"{minutes} min", *(f"{statistics.median(stage_s):.1f} s" for stage_s in zip(*runs, strict=True))]
        for minutes, runs in found.items()
    ]
    header = ["", "event and start", "probe", "plan", "first chunk of picture and sound, shown"]
    print_table("Where that time goes, medians", header, rows)


def _print_functions(bench: Bench, watched: Watched) -> None:
    rows = []
    for name, peaks in sorted(watched.peaks.items()):
        found = bench.target.functions.get_function_configuration(FunctionName=name)
        if not any(word in name for word in ("probe", "plan", "encode", "show", "poster", "pictures", "package")):
            continue
        scratch_mb = found.get("EphemeralStorage", {}).get("Size", 512)
        rows.append(
            [
                name.removeprefix("millrace-"),
                f"{peaks.memory_bytes / 1e6:.0f} MB",
                f"{found['MemorySize']} MB",
                f"{peaks.scratch_bytes / 1e6:.0f} MB",
                f"{scratch_mb} MB",
            ]
        )
    print_table("The most that a function used", ["function", "memory", "of", "scratch space", "of"], rows)


def _print_model(wholes: Sequence[Whole]) -> None:
    cpu_s_a_second = statistics.median([whole.ffmpeg_cpu_s / float(whole.plan.duration_s) for whole in wholes])
    renditions = len(wholes[0].plan.renditions)
    rows = []
    for length, film_s in {"10 min": 600, "1 h": 3600, "3 h": 10_800}.items():
        for functions in (100, 1000):
            found = aws_model.estimate(film_s, functions, cpu_s_a_second, renditions)
            rows.append(
                [
                    length,
                    str(functions),
                    f"{found.playable_s:.0f} s",
                    f"{found.ready_s:.0f} s",
                    f"${found.usd:.2f}",
                ]
            )
    title = f"A model of AWS: {cpu_s_a_second:.2f} CPU s a second of film as measured here, 10,240 MB functions"
    print_table(title, ["film", "functions at a time", "playable", "ready", "cost"], rows)


if __name__ == "__main__":
    main()
