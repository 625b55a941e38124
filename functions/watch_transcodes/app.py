"""Ends transcodes that are stuck or gone, and removes what those that were given up have left."""

import json
from typing import Any

from millrace.platform.ids import UploadId, VideoId
from millrace.platform.observability import logger
from millrace.transcode import watchdog


def handler(event: dict[str, Any], _context: object) -> None:
    """Look at one run when Step Functions says how it ended, and at all that are due by the clock. Idempotent.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    detail = event.get("detail") or {}
    if "executionArn" in detail:
        ids = json.loads(detail.get("input") or "{}")
        watchdog.look(VideoId(ids["video_id"]), UploadId(ids["upload_id"]), detail["executionArn"])
        return
    logger().info("looked at transcodes", due=watchdog.watch())
