"""The table of follows.

    item     key                    holds
    follow   user_id, channel_id    followed_at

    access pattern                         request
    follow, and count it                   TransactWriteItems: the follow absent, the channel's count + 1
    unfollow, and count it                 TransactWriteItems: the follow there, the channel's count - 1
    whether somebody follows               GetItem user_id, channel_id
    what somebody follows, latest first    local index by_time (consistent): user_id, followed_at
    who follows a channel                  index by_channel: channel_id, user_id

The count stands on the channel and moves in the transaction that stores or removes the follow, so that it is exact
however many follow at once and however often a request is repeated. All who follow one channel at one moment wait
for one item: `platform.store` lets them look again. Were that ever too slow, the count would be split over items.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.channels import store as channels_store
from millrace.channels.errors import ChannelsUnavailable
from millrace.channels.model import Follow
from millrace.platform import settings
from millrace.platform.ids import ChannelId, UserId
from millrace.platform.store import Cancelled, Deadlines, transact

Key = dict[str, dict[str, str]]


class _ByTime(LocalSecondaryIndex["_FollowItem"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_time"
        projection = KeysOnlyProjection()

    user_id = UnicodeAttribute(hash_key=True)
    followed_at = UTCDateTimeAttribute(range_key=True)


class _ByChannel(GlobalSecondaryIndex["_FollowItem"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_channel"
        projection = KeysOnlyProjection()

    channel_id = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute(range_key=True)


class _FollowItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    user_id = UnicodeAttribute(hash_key=True)
    channel_id = UnicodeAttribute(range_key=True)
    followed_at = UTCDateTimeAttribute()
    by_time = _ByTime()
    by_channel = _ByChannel()


@dataclass(frozen=True, slots=True)
class FollowPage:
    """Some follows, and the key after which the next page begins; None at the end."""

    follows: Sequence[Follow]
    last: Key | None


def add(follow: Follow) -> bool:
    """Store a follow and count it; False if it is there already, or if the channel does not let itself be followed."""
    table = _table()
    item = table(follow.user_id, follow.channel_id, followed_at=follow.followed_at)

    def fill(transaction: TransactWrite) -> None:
        transaction.save(item, condition=table.user_id.does_not_exist())
        channels_store.count_follower(transaction, follow.channel_id, follow.user_id, 1)

    return _happened(fill)


def remove(user_id: UserId, channel_id: ChannelId) -> bool:
    """Remove a follow and count it; False if there is none."""
    table = _table()

    def fill(transaction: TransactWrite) -> None:
        transaction.delete(table(user_id, channel_id), condition=table.user_id.exists())
        channels_store.count_follower(transaction, channel_id, user_id, -1)

    return _happened(fill)


def discard(user_id: UserId, channel_id: ChannelId) -> None:
    """Remove a follow of a channel that is itself removed: nothing is counted. Repeating it changes nothing."""
    with _translated():
        _table()(user_id, channel_id).delete()


def has(user_id: UserId, channel_id: ChannelId) -> bool:
    """Tell whether the person follows the channel."""
    with _translated():
        try:
            _table().get(user_id, channel_id, consistent_read=True)
        except DoesNotExist:
            return False
    return True


def of_user(user_id: UserId, limit: int, after: Key | None) -> FollowPage:
    """Return a page of what somebody follows, the latest first."""
    _table()
    with _translated():
        found = _FollowItem.by_time.query(
            user_id, scan_index_forward=False, limit=limit, last_evaluated_key=after, consistent_read=True
        )
        follows = [_follow(item) for item in found]
        return FollowPage(follows, found.last_evaluated_key)


def followers(channel_id: ChannelId, limit: int, after: Key | None) -> tuple[Sequence[UserId], Key | None]:
    """Return a page of a channel's followers; one who has just come may be missing."""
    _table()
    with _translated():
        found = _FollowItem.by_channel.query(channel_id, limit=limit, last_evaluated_key=after)
        ids = [UserId(item.user_id) for item in found]
        return ids, found.last_evaluated_key


def _happened(fill: Callable[[TransactWrite], None]) -> bool:
    try:
        transact(fill, ChannelsUnavailable)
    except Cancelled:
        return False
    return True


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise ChannelsUnavailable from error


@cache
def _table() -> type[_FollowItem]:
    _FollowItem.Meta.table_name = settings.require("FOLLOWS_TABLE")
    return _FollowItem


def _follow(item: _FollowItem) -> Follow:
    return Follow(UserId(item.user_id), ChannelId(item.channel_id), item.followed_at)
