"""The table of scheduled streams.

    access pattern                          request
    announce a stream                       PutItem
    one of a channel's                      GetItem channel_id, scheduled_id
    a channel's, which are few              Query channel_id
    it was called off, or it has begun      DeleteItem

They expire a day after their hour.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException
from pynamodb.models import Model

from millrace.live.errors import LiveUnavailable, ScheduledStreamGone
from millrace.live.scheduling.model import ScheduledStream
from millrace.platform import settings
from millrace.platform.ids import ChannelId, ScheduledStreamId
from millrace.platform.store import Deadlines

KEPT = timedelta(days=1)


class _Item(Model):
    class Meta(Deadlines):
        """Set on first use."""

    channel_id = UnicodeAttribute(hash_key=True)
    scheduled_id = UnicodeAttribute(range_key=True)
    data = JSONAttribute()
    expires_at = NumberAttribute()


def put(scheduled: ScheduledStream) -> None:
    """Announce a stream, or change what was announced."""
    item = _table()(
        scheduled.channel_id,
        scheduled.scheduled_id,
        data=scheduled.model_dump(mode="json"),
        expires_at=int((scheduled.starts_at + KEPT).timestamp()),
    )
    with _translated():
        item.save()


def get(channel_id: ChannelId, scheduled_id: ScheduledStreamId) -> ScheduledStream:
    """Return a channel's scheduled stream; raises ScheduledStreamGone."""
    with _translated():
        try:
            return ScheduledStream.model_validate(_table().get(channel_id, scheduled_id, consistent_read=True).data)
        except DoesNotExist as error:
            raise ScheduledStreamGone(scheduled_id) from error


def of_channel(channel_id: ChannelId) -> tuple[ScheduledStream, ...]:
    """Return what a channel has announced, the next one first."""
    with _translated():
        found = [ScheduledStream.model_validate(item.data) for item in _table().query(channel_id, consistent_read=True)]
    return tuple(sorted(found, key=lambda each: each.starts_at))


def remove(channel_id: ChannelId, scheduled_id: ScheduledStreamId) -> None:
    """Forget a scheduled stream. Natural to repeat."""
    with _translated():
        _table()(channel_id, scheduled_id).delete()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise LiveUnavailable from error


@cache
def _table() -> type[_Item]:
    _Item.Meta.table_name = settings.require("SCHEDULED_STREAMS_TABLE")
    return _Item
