"""Tell the bus what happened to channels."""

from millrace.platform.events import DomainEvent, EventsNotPublished, publish
from millrace.platform.observability import logger


def announce(event: DomainEvent) -> None:
    """Publish what has happened. It stands even where the bus refuses: a repeated request would find nothing to do."""
    try:
        publish(event)
    except EventsNotPublished:
        logger().exception("change of a channel not announced", event_name=type(event).__name__)
