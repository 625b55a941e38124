"""Makes a video into one MP4 file when its owner asks for it."""

from typing import Any

from millrace.platform.events import parse
from millrace.videos.downloads.making import make


def handler(event: dict[str, Any], _context: object) -> None:
    """Take an event from the bus; idempotent, because a file that is there is not made again."""
    make(parse(event["detail-type"], event["detail"]))
