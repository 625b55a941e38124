"""Follow and unfollow."""

from dataclasses import dataclass

from millrace.channels import store as channels_store
from millrace.channels.announcing import announce
from millrace.channels.errors import ChannelGone, OwnChannel
from millrace.channels.follows import store
from millrace.channels.model import Channel, Follow
from millrace.platform.clock import now
from millrace.platform.errors import Invalid
from millrace.platform.events import ChannelFollowed, ChannelUnfollowed
from millrace.platform.http import decode_cursor, encode_cursor
from millrace.platform.http.cursors import FOREIGN
from millrace.platform.ids import ChannelId, UserId

PAGE = 100


@dataclass(frozen=True, slots=True)
class FollowPage:
    """Some follows, the latest first, and the cursor of the next page."""

    follows: tuple[Follow, ...]
    next_cursor: str | None


def follow(user_id: UserId, channel_id: ChannelId) -> Channel:
    """Follow a channel and return it as it is then; raises ChannelGone or OwnChannel.

    Following again changes nothing and announces nothing.
    """
    is_new = store.add(Follow(user_id, channel_id, now()))
    channel = channels_store.get(channel_id)
    if channel.is_hidden:
        raise ChannelGone(channel_id)
    if channel.owner_id == user_id:
        raise OwnChannel
    if is_new:
        announce(ChannelFollowed(channel_id=channel_id, owner_id=channel.owner_id, follower_id=user_id))
    return channel


def unfollow(user_id: UserId, channel_id: ChannelId) -> Channel:
    """Follow a channel no longer and return it as it is then; raises ChannelGone. Repeating it changes nothing."""
    was_there = store.remove(user_id, channel_id)
    channel = channels_store.get(channel_id)
    if was_there:
        announce(ChannelUnfollowed(channel_id=channel_id, owner_id=channel.owner_id, follower_id=user_id))
    if channel.is_hidden:
        raise ChannelGone(channel_id)
    return channel


def is_following(user_id: UserId, channel_id: ChannelId) -> bool:
    """Tell whether the person follows the channel."""
    return store.has(user_id, channel_id)


def followed_by(user_id: UserId, cursor: str | None = None, limit: int = 100) -> FollowPage:
    """Return a page of what the person follows, the latest first; raises Invalid for a cursor of another list."""
    after = decode_cursor(cursor)
    key: store.Key | None = None
    if after is not None:
        channel_id, followed_at = after.get("channel_id"), after.get("followed_at")
        if not isinstance(channel_id, str) or not isinstance(followed_at, str):
            raise Invalid("cursor", FOREIGN)
        # The partition is always the caller's own, whatever the cursor says.
        key = {"user_id": {"S": user_id}, "channel_id": {"S": channel_id}, "followed_at": {"S": followed_at}}
    page = store.of_user(user_id, limit, key)
    last = page.last
    behind = {"channel_id": last["channel_id"]["S"], "followed_at": last["followed_at"]["S"]} if last else None
    return FollowPage(tuple(page.follows), encode_cursor(behind))


def unfollow_all(user_id: UserId) -> None:
    """Let a person who leaves follow nothing; the counts go down with them. Repeating it changes nothing."""
    while follows := store.of_user(user_id, PAGE, None).follows:
        for follow in follows:
            # A channel that is gone counts nobody any more, so the transaction of the two fails.
            if not store.remove(user_id, follow.channel_id):
                store.discard(user_id, follow.channel_id)


def forget_followers(channel_id: ChannelId) -> None:
    """Remove the follows of a channel that is being removed. Repeating it changes nothing."""
    after: store.Key | None = None
    while True:
        user_ids, after = store.followers(channel_id, PAGE, after)
        for user_id in user_ids:
            store.discard(user_id, channel_id)
        if after is None:
            return
