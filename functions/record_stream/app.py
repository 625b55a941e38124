"""Make a video of a stream that has ended."""

from typing import Any

from millrace.live.recording import record
from millrace.platform.events import StreamEnded, parse


def handler(event: dict[str, Any], _context: object) -> None:
    """Take one event of the bus; idempotent, because the same segments make the same video."""
    ended = parse(event["detail-type"], event["detail"])
    if isinstance(ended, StreamEnded):
        record(ended.session_id)
