"""Announce streams, change and call them off."""

from collections.abc import Callable
from datetime import datetime

from millrace.channels import service as channels
from millrace.live.errors import TooManyScheduledStreams
from millrace.live.scheduling import store
from millrace.live.scheduling.model import MAX_AHEAD, MAX_PER_CHANNEL, ScheduledStream
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.errors import Invalid
from millrace.platform.ids import ChannelId, ScheduledStreamId
from millrace.videos.model import Visibility


def announce(scheduled: ScheduledStream) -> ScheduledStream:
    """Announce a stream of one's channel; raises NotYourChannel, ChannelGone, Invalid or TooManyScheduledStreams."""
    channels.owned(scheduled.channel_id, scheduled.owner_id)
    _check(scheduled.starts_at)
    if len(store.of_channel(scheduled.channel_id)) >= MAX_PER_CHANNEL:
        raise TooManyScheduledStreams(MAX_PER_CHANNEL)
    store.put(scheduled)
    return scheduled


def upcoming(channel_id: ChannelId, caller: Caller | None) -> tuple[ScheduledStream, ...]:
    """Return what a channel has announced, the next one first, as far as the caller may know; raises ChannelGone."""
    channel = channels.get(channel_id)
    is_owner = caller is not None and caller.user_id == channel.owner_id
    found = store.of_channel(channel_id)
    return tuple(each for each in found if is_owner or each.visibility is Visibility.PUBLIC)


def change(
    channel_id: ChannelId,
    scheduled_id: ScheduledStreamId,
    caller: Caller,
    changes: Callable[[ScheduledStream], ScheduledStream],
) -> ScheduledStream:
    """Change what was announced; raises ScheduledStreamGone, NotYourChannel or Invalid."""
    channels.owned(channel_id, caller.user_id)
    before = store.get(channel_id, scheduled_id)
    after = changes(before)
    if after.starts_at != before.starts_at:
        _check(after.starts_at)
    store.put(after)
    return after


def call_off(channel_id: ChannelId, scheduled_id: ScheduledStreamId, caller: Caller) -> None:
    """Call a stream off; raises NotYourChannel. Natural to repeat."""
    channels.owned(channel_id, caller.user_id)
    store.remove(channel_id, scheduled_id)


def _check(starts_at: datetime) -> None:
    if not now() < starts_at <= now() + MAX_AHEAD:
        raise Invalid("starts_at", f"A stream is announced for an hour to come, within {MAX_AHEAD.days} days.")
