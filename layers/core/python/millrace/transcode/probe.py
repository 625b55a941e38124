"""Probe: what the uploaded file is, found out by range requests."""

import signal
from collections.abc import Callable
from typing import Final

from millrace.media.intake import ProbeFailed, examine
from millrace.media.probe import BEYOND_READING, Limits
from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.platform.process import Finished, ProcessLimits, ToolFailed, ToolTimedOut, tool
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.complexity import measure
from millrace.transcode.failure import refusals
from millrace.transcode.model import ProbedSource, UploadTask
from millrace.transcode.source import find_source, run_on_source
from millrace.transcode.tools import tool_limits
from millrace.videos.processing import service

# A packet is some twenty characters: this is room for twelve hours of them at 60 frames a second.
STDOUT_BYTES = 64 << 20
MEMORY_BYTES, FILE_BYTES = 2 << 30, 1 << 20
TOO_SLOW: Final = (
    "It takes too long to find out what is in this file: its index is missing or damaged. "
    "Convert it to MP4 and upload that."
)


def probe_source(task: UploadTask, deadline: Deadline) -> None:
    """Describe the upload for the plan, or raise UploadRejected with a sentence for its owner. Idempotent."""
    video = service.in_processing(task.video_id, task.upload_id)
    source = find_source(task.place)

    def run_ffprobe(argv: list[str]) -> str:
        return ask_ffprobe(lambda: run_on_source(argv, deadline, probe_limits()))

    with refusals():
        if source.size_bytes:
            _check_size(video.upload.size_bytes, source.size_bytes)
        examined = examine(
            source.reader(),
            source.size_bytes,
            run=run_ffprobe,
            ffprobe=tool("ffprobe"),
            url=source.url(),
            limits=Limits(),
        )
        complexity = measure(source, examined, deadline)
    probed = ProbedSource(source=examined.source, timeline=examined.timeline, complexity=complexity)
    work.save(task.place, work.SOURCE, probed)


def probe_limits() -> ProcessLimits:
    """Bound ffprobe."""
    return tool_limits(memory_bytes=MEMORY_BYTES, file_bytes=FILE_BYTES, stdout_bytes=STDOUT_BYTES)


def ask_ffprobe(run: Callable[[], Finished]) -> str:
    """Return what ffprobe says; raises ProbeFailed where it complains, SourceRejected where a file is too much for it.

    A file at which it crashes, or reads for longer than a function lives, does so every time.
    """
    try:
        return run().stdout.decode("utf-8", "replace")
    except ToolTimedOut as error:
        raise SourceRejected(RefusalCode.UNREADABLE, TOO_SLOW) from error
    except ToolFailed as error:
        # Somebody else's doing, such as the kernel's when memory is short.
        if error.returncode < 0 and error.returncode != -signal.SIGKILL:
            raise SourceRejected(RefusalCode.UNREADABLE, BEYOND_READING) from error
        raise ProbeFailed(error.stderr_tail) from error


def _check_size(announced_bytes: int, arrived_bytes: int) -> None:
    """Refuse what is not the file that was announced; an empty one is left to the examination, which says so."""
    if announced_bytes != arrived_bytes:
        raise SourceRejected(
            RefusalCode.TRUNCATED,
            f"The upload is not complete: {arrived_bytes:,} bytes arrived of {announced_bytes:,}. Upload it again.",
        )
