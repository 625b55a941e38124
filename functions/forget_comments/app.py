"""Forget what hangs on videos and comments that are gone."""

from typing import Any

from millrace.comments import forgetting


def handler(event: dict[str, Any], _context: object) -> None:
    """Take VideoDeleted or CommentRemoved from the bus; natural to repeat: what is forgotten stays forgotten."""
    forgetting.forget(event["detail-type"], event["detail"])
