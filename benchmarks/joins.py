"""Joins: is the picture as good where two chunks meet as in one run over the whole film.

    .millrace/venv/bin/python -m benchmarks.joins [--clips meadow bunny]

Real clips are encoded by the platform's own commands, once in one run and once in chunks of two seconds, which is
shorter than any that the platform makes: nine joins in 25 seconds. VMAF (default model) of each frame is compared with
that of the same frame in the one run, from half a second before each join to two seconds behind it. Under its cap the
encoder does not make the same film twice, so "one run again" tells what a difference means.

Ends with 1 where a join's mean is lower by more than half a point. A few minutes on two free cores.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.per_title import FFMPEG, LIMITS, TIMEOUT_S, cut_clip, plan_clip
from benchmarks.real_clips import CLIPS, measuring_ffmpeg
from benchmarks.table import print_table
from millrace.media import cmaf, ffmpeg
from millrace.media.ladder import Rendition
from millrace.media.plan import Chunk, EncodePlan
from millrace.platform import process

LOSS_MAX: Final = 0.5
# Half a second, which the encoder looks ahead, and a group of pictures.
BEFORE_S, AFTER_S = 0.5, 2
# The largest rung, and one that phones get.
SMALLER_SIDE: Final = 360


@dataclass(frozen=True, slots=True)
class Loss:
    """How much worse the frames around one join are, in VMAF."""

    mean: float
    worst: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="*", default=[clip.name for clip in CLIPS])
    wanted = parser.parse_args().clips
    rows, losses = [], []
    for clip in CLIPS:
        if clip.name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                for rung, chunked, again in _measure(cut_clip(clip, Path(folder)), Path(folder)):
                    rows.append(_row(f"{clip.name}, {rung}", chunked, again))
                    losses += chunked
    rows.append(_row("all", losses, []))
    header = ["clip", "joins", "mean loss", "worst join", "worst frame", "one run again: worst join", "worst frame"]
    print_table("VMAF lost at joins, against one run", header, rows)
    raise SystemExit(max(loss.mean for loss in losses) > LOSS_MAX)


def _row(name: str, chunked: Sequence[Loss], again: Sequence[Loss]) -> list[str]:
    mean = sum(loss.mean for loss in chunked) / len(chunked)
    return [name, str(len(chunked)), f"{mean:.2f}", *_worst(chunked), *(_worst(again) if again else ("", ""))]


def _worst(losses: Sequence[Loss]) -> tuple[str, str]:
    return f"{max(loss.mean for loss in losses):.2f}", f"{max(loss.worst for loss in losses):.2f}"


def _measure(source: Path, folder: Path) -> list[tuple[str, list[Loss], list[Loss]]]:
    plan = _in_short_segments(plan_clip(source))
    whole = (Chunk(index=0, start_frame=0, end_frame=plan.frame_count, first_segment=1, margin_s=1.0),)
    in_one, again, in_chunks = (
        _encode(plan, chunks, source, folder / name)
        for name, chunks in (("one", whole), ("again", whole), ("chunks", plan.chunks))
    )
    joins = [chunk.start_frame for chunk in plan.chunks[1:]]
    found = []
    for rendition in _compared(plan):
        scores = {
            name: _vmaf(files[rendition.name], source, plan, folder)
            for name, files in (("one", in_one), ("again", again), ("chunks", in_chunks))
        }
        losses = {name: _losses(scores["one"], scores[name], joins, plan) for name in ("chunks", "again")}
        found.append((f"{rendition.short_side}p", losses["chunks"], losses["again"]))
    return found


def _in_short_segments(plan: EncodePlan) -> EncodePlan:
    """Cut into as many chunks as there are groups of pictures."""
    gop = plan.gop_frames
    starts = range(0, plan.frame_count - gop // 2, gop)
    chunks = tuple(
        Chunk(
            index=number,
            start_frame=start,
            end_frame=plan.frame_count if number == len(starts) - 1 else start + gop,
            first_segment=number + 1,
            margin_s=1.0,
        )
        for number, start in enumerate(starts)
    )
    return plan.model_copy(update={"segment_frames": gop, "chunks": chunks})


def _compared(plan: EncodePlan) -> list[Rendition]:
    smaller = [rendition for rendition in plan.renditions[1:] if rendition.short_side <= SMALLER_SIDE]
    return [plan.renditions[0], *smaller[:1]]


def _encode(plan: EncodePlan, chunks: Sequence[Chunk], source: Path, folder: Path) -> dict[str, Path]:
    """Encode these chunks, and join each rendition's segments in one file."""
    folder.mkdir()
    planned = plan.model_copy(update={"chunks": tuple(chunks)})
    data = {rendition.name: b"" for rendition in plan.renditions}
    for chunk in chunks:
        process.run(ffmpeg.chunk_argv(FFMPEG, planned, chunk, str(source), str(folder), LIMITS), timeout_s=TIMEOUT_S)
        for rendition in plan.renditions:
            cut = cmaf.cut_chunk(folder / f"{rendition.name}.mp4", planned, chunk, rendition)
            init = b"" if data[rendition.name] else cut.init
            data[rendition.name] += init + b"".join(bytes(segment.data) for segment in cut.segments)
    files = {name: folder / f"{name}_joined.mp4" for name in data}
    for name, path in files.items():
        path.write_bytes(data[name])
    return files


def _vmaf(encoded: Path, source: Path, plan: EncodePlan, folder: Path) -> list[float]:
    """Return the score of every frame, scaled up to the clip's size."""
    log, size, rate = folder / "vmaf.json", plan.renditions[0], plan.frame_rate
    # Frames are counted: both films have the same ones, in order.
    order = f"settb={rate.denominator}/{rate.numerator},setpts=N"
    graph = f"[0:v]scale={size.width}:{size.height}:flags=bicubic,{order}[a];[1:v]{order}[b];"
    graph += f"[a][b]libvmaf=log_fmt=json:log_path={log}:n_threads=2"
    argv = [str(measuring_ffmpeg()), "-v", "error", "-i", str(encoded), "-i", str(source), "-lavfi", graph]
    process.run([*argv, "-f", "null", "-"], timeout_s=TIMEOUT_S)
    scores = [frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"]]
    if len(scores) != plan.frame_count:
        raise SystemExit(f"{len(scores)} frames of {plan.frame_count} in {encoded.name}")
    return scores


def _losses(one: Sequence[float], other: Sequence[float], joins: Sequence[int], plan: EncodePlan) -> list[Loss]:
    losses = []
    for join in joins:
        window = range(
            max(0, join - round(BEFORE_S * plan.frame_rate)),
            min(len(one), join + round(AFTER_S * plan.frame_rate)),
        )
        differences = [one[frame] - other[frame] for frame in window]
        losses.append(Loss(sum(differences) / len(differences), max(differences)))
    return losses


if __name__ == "__main__":
    main()
