"""Forget the streams of deleted videos and channels."""

from typing import Any

from millrace.live.removing import forget
from millrace.platform.events import parse


def handler(event: dict[str, Any], _context: object) -> None:
    """Take one event of the bus; idempotent, because what is gone is passed over."""
    forget(parse(event["detail-type"], event["detail"]))
