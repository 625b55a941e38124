"""What a new stream says about itself before anybody has said it: as planned, as last time, or its channel's name."""

from dataclasses import dataclass

from millrace.channels.model import Channel
from millrace.live import store
from millrace.live.model import MAX_TITLE_CHARS
from millrace.live.scheduling import store as scheduling
from millrace.live.scheduling.model import ScheduledStream
from millrace.platform.clock import now
from millrace.platform.ids import ChannelId, ScheduledStreamId
from millrace.videos.details import Category
from millrace.videos.model import Visibility

# Test streams lie between the real ones.
LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stream says about itself."""

    title: str
    description: str = ""
    category: Category | None = None
    visibility: Visibility = Visibility.PUBLIC
    scheduled_id: ScheduledStreamId | None = None


def next_plan(channel: Channel, *, is_test: bool) -> Plan:
    """Return what the channel's next stream says."""
    if is_test:
        return Plan(f"Test stream of {channel.name}"[:MAX_TITLE_CHARS], visibility=Visibility.PRIVATE)
    meant = _announced(channel.channel_id)
    if meant is not None:
        return Plan(meant.title, meant.description, meant.category, meant.visibility, meant.scheduled_id)
    for last in store.of_channel(channel.channel_id, LOOKED_AT, None).sessions:
        if not last.is_test:
            return Plan(last.title, last.description, last.category, last.visibility)
    return Plan(f"{channel.name} live"[:MAX_TITLE_CHARS])


def begun(channel_id: ChannelId, scheduled_id: ScheduledStreamId | None) -> None:
    """Take a stream that has begun off the schedule. Natural to repeat."""
    if scheduled_id is not None:
        scheduling.remove(channel_id, scheduled_id)


def _announced(channel_id: ChannelId) -> ScheduledStream | None:
    """Return the announced stream that begins now: of several the one whose hour is nearest."""
    at = now()
    meant = [each for each in scheduling.of_channel(channel_id) if each.is_meant(at)]
    return min(meant, key=lambda each: abs(each.starts_at - at), default=None)
