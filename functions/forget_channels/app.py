"""Removes the channels, follows and stream keys of a deleted account."""

from typing import Any

from millrace.channels import service
from millrace.platform.events import AccountDeleted, parse
from millrace.platform.observability import logger


def handler(event: dict[str, Any], _context: object) -> None:
    """Take AccountDeleted from the bus. Idempotent: what is gone already is passed over."""
    deleted = parse(event["detail-type"], event["detail"])
    if isinstance(deleted, AccountDeleted):
        service.forget_owner(deleted.user_id)
        logger().info("channels of a deleted account removed", user_id=deleted.user_id)
