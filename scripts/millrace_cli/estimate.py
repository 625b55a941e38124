"""`./millrace estimate`: what processing a file would cost on AWS, before anything is uploaded."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from scripts.checkout import tools_dir
from scripts.millrace_cli.console import CommandFailed, out, print_json

USD_MICRO = 1_000_000
_TIMEOUT_S = 600
_PARTS = (
    ("gb_s", "Lambda, GB-seconds", "LAMBDA_GB_S"),
    ("scratch_gb_s", "Lambda, /tmp GB-seconds", "LAMBDA_SCRATCH_GB_S"),
    ("requests", "Lambda, requests", "LAMBDA_REQUEST"),
    ("transitions", "Step Functions, transitions", "TRANSITION"),
    ("puts", "S3, writes", "S3_PUT"),
    ("gets", "S3, reads", "S3_GET"),
)


def estimate_command(
    file: Annotated[Path, typer.Argument(help="A video file.", exists=True, dir_okay=False)],
    memory_mb: Annotated[int, typer.Option(help="Memory of an encoder, as EncodeMemoryMb.", min=1769)] = 10_240,
    parallelism: Annotated[int, typer.Option(help="Chunks at a time, as TranscodeConcurrency.", min=1)] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimate for programs.")] = False,
) -> None:
    """Tell what processing a file would cost on AWS. Nothing is uploaded; docs/costs.md describes the model."""
    # The planner takes half a second to import: other commands start without it.
    from millrace.costs.estimating import view
    from millrace.media.refusal import SourceRejected, SourceUnreachable

    try:
        plan = _plan(file, parallelism)
    except SourceRejected as refusal:
        raise CommandFailed(refusal.message) from refusal
    except SourceUnreachable as error:
        raise CommandFailed(f"{file} cannot be read.") from error
    shown = view(plan, memory_mb).model_dump(mode="json")
    shown["duration_s"] = round(float(plan.duration_s), 3)
    if as_json:
        print_json(shown)
    else:
        _print(shown)


def _plan(file: Path, parallelism: int) -> Any:
    from millrace.media.intake import ProbeFailed, examine
    from millrace.media.plan import make_plan
    from millrace.media.probe import Limits

    def run(argv: list[str]) -> str:
        done = subprocess.run(argv, capture_output=True, check=False, timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise ProbeFailed(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    with file.open("rb") as source:

        def read(offset: int, length: int) -> bytes:
            source.seek(offset)
            return source.read(length)

        limits = Limits(allow_files=True)
        size = file.stat().st_size
        found = examine(read, size, run=run, ffprobe=_ffprobe(), url=str(file.resolve()), limits=limits)
    return make_plan(found.source, found.timeline, parallelism=parallelism)


def _ffprobe() -> str:
    """Return the platform's own ffprobe, from the layer that was built last; otherwise the machine's."""
    kept = tools_dir() / "cache" / "ffprobe"
    layers = sorted((tools_dir() / "cache" / "layers").glob("FfmpegLayer-*.zip"), key=lambda path: path.stat().st_mtime)
    if layers and (not kept.exists() or kept.stat().st_mtime < layers[-1].stat().st_mtime):
        with zipfile.ZipFile(layers[-1]) as layer:
            new = kept.with_suffix(".new")
            new.write_bytes(layer.read("bin/ffprobe"))
            new.chmod(0o755)
            new.replace(kept)
    if kept.exists():
        return str(kept)
    found = shutil.which("ffprobe")
    if found is None:
        raise CommandFailed("There is no ffprobe yet: ./millrace up gets it, or install ffmpeg.")
    return found


def _print(shown: dict[str, Any]) -> None:
    from millrace.costs import prices

    table = Table(box=None, pad_edge=False)
    for heading in ("", "count", "US dollars"):
        table.add_column(heading, justify="left" if not heading else "right")
    processing = shown["processing"]
    for name, title, price in _PARTS:
        count = processing[name]
        table.add_row(title, f"{count:,.0f}", f"{count * getattr(prices, price) / USD_MICRO:.4f}")
    table.add_row("[bold]Processing, once[/]", "", f"[bold]{processing['usd_micro'] / USD_MICRO:.4f}[/]")
    stored_mb = shown["stored_bytes"] / 1_000_000
    monthly = shown["storage_usd_micro_a_month"] / USD_MICRO
    table.add_row("Keeping it, each month (MB, about)", f"{stored_mb:,.0f}", f"{monthly:.4f}")
    out.print(
        f"{shown['duration_s']:.0f} s in {', '.join(shown['renditions'])}, {shown['chunk_count']} chunks. "
        "The whole ladder is counted: a film that needs less costs less."
    )
    out.print(table)
