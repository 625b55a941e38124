"""What a new stream says about itself before anybody has said it: as planned, as last time, or its channel's name."""

from dataclasses import dataclass

from millrace.channels.model import Channel
from millrace.live import store
from millrace.live.model import MAX_TITLE_CHARS
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
    scheduled_id: str | None = None


def next_plan(channel: Channel, *, is_test: bool) -> Plan:
    """Return what the channel's next stream says."""
    if is_test:
        return Plan(f"Test stream of {channel.name}"[:MAX_TITLE_CHARS], visibility=Visibility.PRIVATE)
    for last in store.of_channel(channel.channel_id, LOOKED_AT, None).sessions:
        if not last.is_test:
            return Plan(last.title, last.description, last.category, last.visibility)
    return Plan(f"{channel.name} live"[:MAX_TITLE_CHARS])
