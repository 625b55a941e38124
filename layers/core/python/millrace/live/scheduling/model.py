"""What a scheduled stream is."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from millrace.platform.ids import ChannelId, ScheduledStreamId, UserId
from millrace.videos.details import Category
from millrace.videos.fact import Fact
from millrace.videos.model import Visibility

MAX_PER_CHANNEL = 50
MAX_AHEAD = timedelta(days=300)
# Whoever begins this much before or after the hour begins the stream that was announced for it.
EARLY = timedelta(hours=1)
LATE = timedelta(hours=6)


class ScheduledStream(Fact):
    """A stream that its channel announces."""

    scheduled_id: ScheduledStreamId
    channel_id: ChannelId
    owner_id: UserId
    starts_at: AwareDatetime
    title: str
    description: str = ""
    category: Category | None = None
    visibility: Visibility = Visibility.PUBLIC

    def is_meant(self, at: datetime) -> bool:
        """Tell whether a stream that begins at that moment is this one."""
        return self.starts_at - EARLY <= at <= self.starts_at + LATE
