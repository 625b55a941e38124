"""Say what becomes of a file: it plays, it is refused, or a part of it turns out to be damaged.

The same steps as in the workflow, with the same limits: examine, plan, encode the first chunk of picture and sound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from millrace.media import ffmpeg
from millrace.media.cmaf import CutError, cut_audio, cut_chunk
from millrace.media.intake import examine
from millrace.media.plan import EncodePlan, make_plan
from millrace.media.probe import Limits, require_whole_input
from millrace.media.refusal import SourceRejected
from millrace.platform.process import ToolFailed, run
from millrace.transcode.encode import FILE_BYTES
from millrace.transcode.probe import ask_ffprobe, probe_limits
from millrace.transcode.tools import tool_limits
from tests.media_fixtures.tools import FFMPEG, FFPROBE

# Generous, for machines that are busy: what takes so long hangs.
DEADLINE_S = 60

ReadRange = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Verdict:
    """Tell how a file ended; `code` and `message` are those of a refusal or a fault."""

    outcome: Literal["plays", "refused", "damaged"]
    code: str = ""
    message: str = ""
    plan: EncodePlan | None = None


def judge_url(url: str, folder: Path) -> Verdict:
    """Judge what lies at an address, as a function does with a presigned one; `folder` is its scratch."""
    first = httpx.get(url, headers={"Range": "bytes=0-0"})
    size = int(first.headers["Content-Range"].rpartition("/")[2]) if first.status_code == 206 else 0

    def read(offset: int, length: int) -> bytes:
        return httpx.get(url, headers={"Range": f"bytes={offset}-{offset + length - 1}"}).content

    return _judge(read, size, url, Limits(), folder)


def judge_file(path: Path, folder: Path) -> Verdict:
    """Judge a file of this machine."""
    data = path.read_bytes()
    limits = Limits(allow_files=True)
    return _judge(lambda offset, length: data[offset : offset + length], len(data), str(path), limits, folder)


def _judge(read: ReadRange, size: int, url: str, limits: Limits, folder: Path) -> Verdict:
    def run_ffprobe(argv: list[str]) -> str:
        return ask_ffprobe(lambda: run(argv, timeout_s=DEADLINE_S, limits=probe_limits(), cwd=folder))

    try:
        examined = examine(read, size, run=run_ffprobe, ffprobe=FFPROBE, url=url, limits=limits)
        plan = make_plan(examined.source, examined.timeline, parallelism=100)
    except SourceRejected as refusal:
        return Verdict("refused", refusal.code, refusal.message)
    try:
        _encode_beginning(plan, url, limits, folder)
    except (ToolFailed, CutError) as error:
        return Verdict("damaged", type(error).__name__, str(error), plan)
    return Verdict("plays", plan=plan)


def _encode_beginning(plan: EncodePlan, url: str, limits: Limits, folder: Path) -> None:
    for path, text in ffmpeg.side_files(plan, str(folder)).items():
        Path(path).write_text(text)
    chunk = plan.chunks[0]
    _run(ffmpeg.chunk_argv(FFMPEG, plan, chunk, url, str(folder), limits), folder)
    for rendition in plan.renditions:
        cut_chunk(Path(ffmpeg.chunk_outputs(plan, str(folder))[rendition.name]), plan, chunk, rendition)
    if plan.audio:
        sound = plan.audio_chunks[0]
        _run(ffmpeg.audio_argv(FFMPEG, plan, sound, url, str(folder), limits), folder)
        for track in plan.audio:
            cut_audio(Path(ffmpeg.audio_outputs(plan, str(folder))[track.name]), plan, sound, track)
    expected = {Path(path).name for path in _written(plan, str(folder))}
    strays = {path.name for path in folder.iterdir()} - expected
    assert not strays, f"ffmpeg wrote {strays}"


def _written(plan: EncodePlan, folder: str) -> list[str]:
    return [
        *ffmpeg.side_files(plan, folder),
        *ffmpeg.chunk_outputs(plan, folder).values(),
        *ffmpeg.audio_outputs(plan, folder).values(),
        *(ffmpeg.loudness_output(folder, track.name) for track in plan.audio),
    ]


def _run(argv: list[str], folder: Path) -> None:
    require_whole_input(
        run(argv, timeout_s=DEADLINE_S, limits=tool_limits(file_bytes=FILE_BYTES), cwd=folder).stderr_tail
    )
