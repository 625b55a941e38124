"""Probe: what the uploaded file is, found out by range requests."""

from millrace.media.isobmff import CutOff, Malformed, Moov, read_moov
from millrace.media.probe import (
    Limits,
    SourceInfo,
    explain_failure,
    packets_argv,
    parse_packets,
    parse_probe,
    probe_argv,
)
from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.media.sniff import HEAD_BYTES, sniff
from millrace.media.timeline import Timeline, is_plain_movie, timeline_from_moov, timeline_from_packets
from millrace.platform.process import ProcessLimits, ToolFailed, run, tool
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.failure import refusals
from millrace.transcode.model import ProbedSource, UploadTask
from millrace.transcode.source import Source, find_source, tool_timeout_s
from millrace.videos import service

LIMITS = Limits()
# A packet is some twenty characters: this is room for twelve hours of them at 60 frames a second.
PROBE_LIMITS = ProcessLimits(memory_bytes=2 << 30, file_bytes=1 << 20, stdout_bytes=64 << 20)


def probe_source(task: UploadTask, deadline: Deadline) -> None:
    """Describe the upload for the plan, or raise UploadRejected with a sentence for its owner. Idempotent."""
    video = service.in_processing(task.video_id, task.upload_id)
    source = find_source(task.place)
    with refusals():
        sniff(source.reader()(0, HEAD_BYTES), source.size_bytes)
        _check_size(video.upload.size_bytes, source.size_bytes)
        info = _describe(source, deadline)
        timeline = _time(source, info, deadline)
    work.save(task.place, work.SOURCE, ProbedSource(source=info, timeline=timeline))


def _check_size(announced_bytes: int, arrived_bytes: int) -> None:
    if announced_bytes != arrived_bytes:
        raise SourceRejected(
            RefusalCode.TRUNCATED,
            f"The upload is not complete: {arrived_bytes:,} bytes arrived of {announced_bytes:,}. Upload it again.",
        )


def _describe(source: Source, deadline: Deadline) -> SourceInfo:
    argv = probe_argv(tool("ffprobe"), source.url(), LIMITS)
    try:
        finished = run(argv, timeout_s=tool_timeout_s(deadline), limits=PROBE_LIMITS)
    except ToolFailed as error:
        raise explain_failure(error.stderr_tail) from error
    return parse_probe(finished.stdout.decode())


def _time(source: Source, info: SourceInfo, deadline: Deadline) -> Timeline:
    """Read the sample tables where there are some; otherwise ffprobe lists the packets, reading the whole file."""
    moov = _sample_tables(source) if info.is_movie_file else None
    if moov is not None and is_plain_movie(moov, info):
        return timeline_from_moov(moov, info)
    argv = packets_argv(tool("ffprobe"), source.url(), LIMITS, info)
    try:
        finished = run(argv, timeout_s=tool_timeout_s(deadline), limits=PROBE_LIMITS)
    except ToolFailed as error:
        raise explain_failure(error.stderr_tail) from error
    return timeline_from_packets(parse_packets(finished.stdout.decode()), info)


def _sample_tables(source: Source) -> Moov | None:
    """Return a movie file's index, or None where it has none that we can read: ffprobe may still manage."""
    try:
        return read_moov(source.reader(), source.size_bytes)
    except CutOff as error:
        raise SourceRejected(
            RefusalCode.TRUNCATED, "The file is cut off: its end is missing. Upload it again."
        ) from error
    except Malformed:
        return None
