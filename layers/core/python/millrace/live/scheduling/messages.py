"""What clients of scheduled streams send and get."""

from typing import Self

from pydantic import AwareDatetime, Field

from millrace.live.scheduling.model import ScheduledStream
from millrace.platform.http import Input, Output
from millrace.platform.ids import ChannelId, ScheduledStreamId, UserId, new_id
from millrace.videos.details import Category, Description, Title
from millrace.videos.model import Visibility


class ScheduledDraft(Input):
    """A stream to announce. Whoever streams to the channel around its hour begins this one."""

    starts_at: AwareDatetime
    title: Title
    description: Description = ""
    category: Category | None = None
    visibility: Visibility = Visibility.PUBLIC

    def scheduled(self, channel_id: ChannelId, owner_id: UserId) -> ScheduledStream:
        """Return the stream that this announces."""
        return ScheduledStream(
            scheduled_id=ScheduledStreamId(new_id()), channel_id=channel_id, owner_id=owner_id, **dict(self)
        )


class ScheduledChanges(Input):
    """What to change of what was announced; what is left out stays."""

    starts_at: AwareDatetime | None = None
    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    category: Category | None = None
    visibility: Visibility = Field(default_factory=lambda: Visibility.PUBLIC)

    def apply(self, scheduled: ScheduledStream) -> ScheduledStream:
        """Return the announcement with what was given."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if given.get("starts_at", ...) is None:
            del given["starts_at"]
        return scheduled.model_copy(update=given)


class ScheduledView(Output):
    """A stream that a channel announces."""

    scheduled_id: ScheduledStreamId
    channel_id: ChannelId
    starts_at: AwareDatetime
    title: str
    description: str
    category: Category | None
    visibility: Visibility

    @classmethod
    def of(cls, scheduled: ScheduledStream) -> Self:
        """Show an announcement."""
        return cls(**{name: getattr(scheduled, name) for name in cls.model_fields})


class Schedule(Output):
    """What a channel has announced, the next one first."""

    items: tuple[ScheduledView, ...]
