"""Have the index look at videos and channels that changed."""

from typing import Any

from millrace.discovery.noting import note
from millrace.platform.events import parse


def handler(event: dict[str, Any], _context: object) -> None:
    """Take one event of the bus; idempotent, because looking once more at a video changes nothing."""
    note(parse(event["detail-type"], event["detail"]))
