"""Deletes the videos of a deleted account, and their media with them."""

from typing import Any

from millrace.platform.events import AccountDeleted, parse
from millrace.platform.observability import logger
from millrace.videos import service


def handler(event: dict[str, Any], _context: object) -> None:
    """Take AccountDeleted from the bus. Idempotent: what is gone already is passed over."""
    deleted = parse(event["detail-type"], event["detail"])
    if isinstance(deleted, AccountDeleted):
        count = service.delete_all_of(deleted.user_id)
        logger().info("videos of a deleted account removed", user_id=deleted.user_id, videos=count)
