"""Bounds of the tools that a step runs: a tool that takes too much ends, not the function, which can still tell why."""

from typing import Final

from millrace.platform import settings
from millrace.platform.process import ProcessLimits

# Lambda tells each function how much it has.
MEMORY: Final = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
# Of it for the function itself: Python, its libraries, and segments on their way to S3.
OWN_MB: Final = 256
# Where nobody says: what a film of 2160p takes with six threads, and half as much again.
USUAL_MB: Final = 4608
STDOUT_BYTES: Final = 4 << 20
_MB: Final = 1 << 20


def memory_mb() -> int:
    """Return the function's memory; 0 outside of Lambda."""
    return int(settings.optional(MEMORY, "0"))


def tool_limits(*, file_bytes: int, memory_bytes: int | None = None, stdout_bytes: int = STDOUT_BYTES) -> ProcessLimits:
    """Bound a tool by the function's memory, and by `memory_bytes` where that is less.

    It is address space that the kernel counts: half as much again as what is used, for 1080p a gigabyte.
    """
    room = ((memory_mb() or USUAL_MB) - OWN_MB) * _MB
    return ProcessLimits(
        memory_bytes=min(room, memory_bytes) if memory_bytes else room, file_bytes=file_bytes, stdout_bytes=stdout_bytes
    )
