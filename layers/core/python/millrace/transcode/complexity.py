"""Complexity: a few samples of the source, encoded before the plan is made, so that the ladder fits the film."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from millrace.media.complexity import Complexity, complexity_of, read_sample, sample_places
from millrace.media.ffmpeg import complexity_argv
from millrace.media.intake import Examined
from millrace.media.plan import make_plan
from millrace.media.probe import Limits
from millrace.media.refusal import SourceUnreachable
from millrace.platform.observability import logger
from millrace.platform.process import ToolFailed, ToolTimedOut, tool
from millrace.platform.steps import Deadline
from millrace.transcode.encode import write_side_files
from millrace.transcode.source import Source, run_on_source
from millrace.transcode.tools import tool_limits

FILE_BYTES = 16 << 20
# Somebody waits for the first second of this film: no sample is begun after this, and none may hold up the rest.
BUDGET_S = 1.0
SAMPLE_TIMEOUT_S = 15.0


def measure(source: Source, examined: Examined, deadline: Deadline) -> Complexity | None:
    """Encode samples for about a second; nothing where that fails, and the whole ladder is kept.

    Whatever is wrong with the file, the encoders find out and say.
    """
    plan = make_plan(examined.source, examined.timeline, parallelism=1)
    started_s = time.monotonic()
    samples = []
    with TemporaryDirectory(prefix="complexity_") as scratch:
        write_side_files(plan, scratch)
        for at_s in sample_places(plan):
            argv = complexity_argv(tool("ffmpeg"), plan, at_s, source.url(), scratch, Limits())
            try:
                patience = Deadline.within(min(SAMPLE_TIMEOUT_S, deadline.remaining_s() / 2))
                finished = run_on_source(argv, patience, tool_limits(file_bytes=FILE_BYTES), Path(scratch))
                sample = read_sample(finished.stdout.decode(), plan)
            except (ToolFailed, ToolTimedOut, SourceUnreachable) as error:
                logger().warning("complexity was not measured", error=str(error))
                break
            samples += [sample] if sample else []
            if time.monotonic() - started_s > BUDGET_S:
                break
    return complexity_of(plan, samples)
