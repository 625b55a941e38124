"""Probe: what the uploaded file is, found out by range requests."""

from millrace.media.intake import ProbeFailed, examine
from millrace.media.probe import Limits
from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.platform.process import ProcessLimits, ToolFailed, tool
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.complexity import measure
from millrace.transcode.failure import refusals
from millrace.transcode.model import ProbedSource, UploadTask
from millrace.transcode.source import find_source, run_on_source
from millrace.videos.processing import service

# A packet is some twenty characters: this is room for twelve hours of them at 60 frames a second.
PROBE_LIMITS = ProcessLimits(memory_bytes=2 << 30, file_bytes=1 << 20, stdout_bytes=64 << 20)


def probe_source(task: UploadTask, deadline: Deadline) -> None:
    """Describe the upload for the plan, or raise UploadRejected with a sentence for its owner. Idempotent."""
    video = service.in_processing(task.video_id, task.upload_id)
    source = find_source(task.place)

    def run_ffprobe(argv: list[str]) -> str:
        try:
            return run_on_source(argv, deadline, PROBE_LIMITS).stdout.decode()
        except ToolFailed as error:
            raise ProbeFailed(error.stderr_tail) from error

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


def _check_size(announced_bytes: int, arrived_bytes: int) -> None:
    """Refuse what is not the file that was announced; an empty one is left to the examination, which says so."""
    if announced_bytes != arrived_bytes:
        raise SourceRejected(
            RefusalCode.TRUNCATED,
            f"The upload is not complete: {arrived_bytes:,} bytes arrived of {announced_bytes:,}. Upload it again.",
        )
