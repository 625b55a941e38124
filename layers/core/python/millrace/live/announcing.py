"""Tell the bus what happened to streams."""

from millrace.live.model import LiveSession
from millrace.platform.events import DomainEvent, EventsNotPublished, StreamEvent, publish
from millrace.platform.observability import logger


def announce(event: type[StreamEvent], session: LiveSession) -> None:
    """Publish what has happened to a session. It stands even where the bus refuses."""
    announce_event(
        event(
            # Told twice, it is one event: a session is started, or changed to that version, only once.
            event_id=f"{session.session_id}-{session.version}-{event.__name__}",
            session_id=session.session_id,
            channel_id=session.channel_id,
            owner_id=session.owner_id,
            video_id=session.video_id,
            is_listed=session.is_listed,
        )
    )


def announce_event(event: DomainEvent) -> None:
    """Publish an event; where the bus refuses, the log says so."""
    try:
        publish(event)
    except EventsNotPublished:
        logger().exception("change of a stream not announced", event_name=type(event).__name__)
