"""Examine an uploaded file: the order in which it is sniffed, probed and timed.

Reading and running are the caller's, so that this works from S3 in a Lambda function as from a disk in a test.
"""

from collections.abc import Callable
from dataclasses import dataclass

from millrace.media import probe
from millrace.media.boxes import Malformed
from millrace.media.isobmff import CutOff, Moov, ReadRange, read_moov
from millrace.media.probe import Limits, SourceInfo
from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.media.sniff import HEAD_BYTES, sniff
from millrace.media.timeline import Timeline, is_plain_movie, timeline_from_moov, timeline_from_packets

__all__ = ["Examined", "ProbeFailed", "examine"]


class ProbeFailed(Exception):
    """Say that ffprobe ended badly; `stderr` is what it complained about. Raised by the caller's `run`."""

    def __init__(self, stderr: str) -> None:
        super().__init__("ffprobe failed")
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Examined:
    """Hold what planning needs to know of a file."""

    source: SourceInfo
    timeline: Timeline


def examine(
    read: ReadRange,
    size_bytes: int,
    *,
    run: Callable[[list[str]], str],
    ffprobe: str,
    url: str,
    limits: Limits,
) -> Examined:
    """Examine a file; raises SourceRejected with the reason when it cannot become a video.

    `read(offset, length)` gives its bytes; `run(argv)` gives ffprobe's output, raises ProbeFailed for a bad end, and
    calls `probe.require_whole_input` on a good one. Raises SourceUnreachable where trying again may help.
    """
    sniff(read(0, min(HEAD_BYTES, size_bytes)) if size_bytes else b"", size_bytes)
    moov = _moov(read, size_bytes)
    source = probe.parse_probe(_run(run, probe.probe_argv(ffprobe, url, limits)))
    if moov is not None and source.is_movie_file and is_plain_movie(moov, source):
        return Examined(source, timeline_from_moov(moov, source))
    listed = _run(run, probe.packets_argv(ffprobe, url, limits, source))
    return Examined(source, timeline_from_packets(probe.parse_packets(listed), source))


def _run(run: Callable[[list[str]], str], argv: list[str]) -> str:
    try:
        return run(argv)
    except ProbeFailed as error:
        raise probe.explain_failure(error.stderr) from error


def _moov(read: ReadRange, size_bytes: int) -> Moov | None:
    """Return the movie box of a file that looks like MP4; what we cannot parse is left to ffprobe."""
    if read(4, 4) not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return None
    try:
        return read_moov(read, size_bytes)
    except CutOff as error:
        raise SourceRejected(RefusalCode.TRUNCATED, probe.CUT_OFF) from error
    except Malformed:
        return None
