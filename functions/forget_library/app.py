"""Forgets the history, the watch-later list and the playlists of a deleted account."""

from typing import Any

from millrace.library import service
from millrace.platform.events import AccountDeleted, parse
from millrace.platform.observability import logger


def handler(event: dict[str, Any], _context: object) -> None:
    """Take AccountDeleted from the bus. Idempotent: what is gone already is passed over."""
    deleted = parse(event["detail-type"], event["detail"])
    if isinstance(deleted, AccountDeleted):
        service.forget_user(deleted.user_id)
        logger().info("library of a deleted account removed", user_id=deleted.user_id)
