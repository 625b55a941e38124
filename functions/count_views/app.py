"""Count the views that the bus left in the queue."""

import json
from typing import Any

from pydantic import ValidationError

from millrace.discovery import views
from millrace.discovery.errors import DiscoveryUnavailable
from millrace.platform.events import UnknownEvent, VideoViewed, parse
from millrace.platform.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Take a batch; idempotent, because a viewer of a video counts once a day, whatever comes how often.

    What cannot be counted goes back to the queue, and in the end to the dead letters.
    """
    read, refused = {}, []
    for record in event["Records"]:
        try:
            read[record["messageId"]] = _view(record["body"])
        except (KeyError, ValueError, UnknownEvent, ValidationError):
            logger().warning("not a view", message_id=record["messageId"])
            refused.append(record["messageId"])
    try:
        views.count(read.values())
    except DiscoveryUnavailable:
        refused += read
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in refused]}


def _view(body: str) -> VideoViewed:
    message = json.loads(body)
    view = parse(message["detail-type"], message["detail"])
    if not isinstance(view, VideoViewed):
        raise UnknownEvent(message["detail-type"])
    return view
