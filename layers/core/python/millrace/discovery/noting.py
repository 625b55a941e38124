"""Note what the bus tells about videos and channels."""

from millrace.discovery import store
from millrace.discovery.model import Change
from millrace.platform import events
from millrace.platform.events import DomainEvent
from millrace.platform.ids import new_id


def note(event: DomainEvent) -> None:
    """Have the index look at what the event is about; of any other event nothing is noted.

    Idempotent, and indifferent to order: see `catching_up`.
    """
    match event:
        case events.VideoPublished() | events.VideoChanged():
            store.add_listed(event.video_id)
            store.note_change(Change(new_id(), video_id=event.video_id))
        case events.VideoUnpublished() | events.VideoTakenDown():
            store.note_change(Change(new_id(), video_id=event.video_id))
        case events.VideoDeleted():
            store.remove_listed(event.video_id)
            store.note_change(Change(new_id(), video_id=event.video_id))
        case events.ChannelChanged() | events.ChannelDeleted():
            store.note_change(Change(new_id(), channel_id=event.channel_id))
        case _:
            return
