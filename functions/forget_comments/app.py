"""Forget what hangs on videos, comments and accounts that are gone."""

from typing import Any

from millrace.comments import forgetting


def handler(event: dict[str, Any], _context: object) -> None:
    """Take VideoDeleted, CommentRemoved or AccountDeleted from the bus. Idempotent: what is gone is passed over."""
    forgetting.forget(event["detail-type"], event["detail"])
