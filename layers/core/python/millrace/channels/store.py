"""The table of channels; with `follows/store.py` and `stream_keys/store.py` all that speaks DynamoDB here.

    item      pk                     holds
    channel   CHANNEL#<channel_id>   everything a channel shows, follower_count, version
    handle    HANDLE#<handle>        channel_id; kept_until on a former one, after which it is free and expires
    owner     OWNER#<user_id>        channel_ids, oldest first; is_hidden while the owner is suspended

    access pattern                          request
    make a channel                          TransactWriteItems: channel absent, handle free, owner below the limit
    one channel                             GetItem CHANNEL#
    a channel by handle                     GetItem HANDLE#, then GetItem CHANNEL#
    an account's channels                   GetItem OWNER#, then BatchGetItem CHANNEL#
    many channels                           BatchGetItem CHANNEL#
    change what it shows                    UpdateItem CHANNEL#, the version must be the one that was read
    rename                                  TransactWriteItems: channel, old handle, new handle must be free
    count a follower                        a part of the follow's transaction
    hide the channels of a suspended owner  UpdateItem OWNER#, then UpdateItem of each channel

A handle is unique because it is a key. There is no index.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from math import inf
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import DoesNotExist, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.channels.errors import (
    ChannelChangedMeanwhile,
    ChannelGone,
    ChannelsUnavailable,
    HandleTaken,
    MayNotPublish,
    TooManyChannels,
)
from millrace.channels.model import (
    MAX_CHANNELS_PER_ACCOUNT,
    Banner,
    Channel,
    FormerHandle,
    Link,
    folded_handle,
)
from millrace.media.picture import PictureKind
from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import ChannelId, UserId
from millrace.platform.store import Cancelled, Deadlines, transact

# What one BatchGetItem takes.
BATCH = 100


class _ChannelItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    pk = UnicodeAttribute(hash_key=True)
    channel_id = UnicodeAttribute()
    owner_id = UnicodeAttribute()
    handle = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    links = JSONAttribute()
    banner = JSONAttribute(null=True)
    former_handles = JSONAttribute()
    follower_count = NumberAttribute(default=0)
    is_hidden = BooleanAttribute(default=False)
    created_at = UTCDateTimeAttribute()
    version = NumberAttribute(default=1)


class _HandleItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    pk = UnicodeAttribute(hash_key=True)
    channel_id = UnicodeAttribute()
    # Seconds since 1970, for the table's expiry; absent on a handle in use.
    kept_until = NumberAttribute(null=True)


class _OwnerItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    pk = UnicodeAttribute(hash_key=True)
    channel_ids: ListAttribute[Any] = ListAttribute(null=True)
    is_hidden = BooleanAttribute(default=False)


def create(channel: Channel, *, only_as_first: bool = False) -> None:
    """Store a new channel; raises HandleTaken, TooManyChannels (`only_as_first` allows one), or MayNotPublish."""
    channels, _, owners = _tables()
    limit = 1 if only_as_first else MAX_CHANNELS_PER_ACCOUNT
    length = size(owners.channel_ids)  # type: ignore[no-untyped-call]  # untyped in pynamodb
    has_room = owners.channel_ids.does_not_exist() | (length < limit)
    may_publish = owners.is_hidden.does_not_exist() | (owners.is_hidden == False)  # noqa: E712 - an expression

    def fill(transaction: TransactWrite) -> None:
        transaction.save(_item(channel), condition=channels.pk.does_not_exist())
        transaction.save(_handle_item(channel.handle, channel.channel_id), condition=_is_free())
        transaction.update(
            owners(_owner_key(channel.owner_id)),
            actions=[owners.channel_ids.set((owners.channel_ids | []).append([channel.channel_id]))],
            condition=has_room & may_publish,
        )

    try:
        transact(fill, ChannelsUnavailable)
    except Cancelled as cancelled:
        if 2 in cancelled.failed:
            if _owner(channel.owner_id).is_hidden:
                raise MayNotPublish from cancelled
            raise TooManyChannels(limit) from cancelled
        raise HandleTaken from cancelled


def get(channel_id: ChannelId) -> Channel:
    """Return the channel as it is now, hidden or not; raises ChannelGone."""
    with _translated():
        try:
            return _channel(_tables()[0].get(_channel_key(channel_id), consistent_read=True))
        except DoesNotExist as error:
            raise ChannelGone(channel_id) from error


def id_of_handle(handle: str) -> ChannelId:
    """Return whose handle this is, or was until lately; raises ChannelGone."""
    with _translated():
        try:
            item = _tables()[1].get(_handle_key(handle))
        except DoesNotExist as error:
            raise ChannelGone(handle) from error
    if (item.kept_until or inf) < now().timestamp():
        raise ChannelGone(handle)
    return ChannelId(item.channel_id)


def ids_of_owner(owner_id: UserId) -> tuple[ChannelId, ...]:
    """Return the ids of an account's channels, oldest first."""
    return tuple(ChannelId(channel_id) for channel_id in _owner(owner_id).channel_ids or ())


def get_many(channel_ids: Iterable[ChannelId]) -> Mapping[ChannelId, Channel]:
    """Return those of the channels that exist, hidden or not."""
    keys = [_channel_key(channel_id) for channel_id in dict.fromkeys(channel_ids)]
    channels: list[Channel] = []
    with _translated():
        for start in range(0, len(keys), BATCH):
            channels += map(_channel, _tables()[0].batch_get(keys[start : start + BATCH], consistent_read=True))
    return {channel.channel_id: channel for channel in channels}


def change(before: Channel, after: Channel) -> Channel:
    """Store what a channel shows, the handle only in another spelling; raises ChannelChangedMeanwhile."""
    channels = _tables()[0]
    item = channels(_channel_key(before.channel_id))
    with _translated():
        try:
            item.update(actions=_shown(after), condition=channels.version == before.version)
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                raise ChannelChangedMeanwhile from error
            raise
    return _channel(item)


def rename(before: Channel, after: Channel) -> None:
    """Store the channel under another handle, the old one kept for it.

    Raises HandleTaken, or ChannelChangedMeanwhile. `after.former_handles` names the old one and its end.
    """
    channels = _tables()[0]
    old = folded_handle(before.handle)
    kept_until = next(
        former.kept_until.timestamp() for former in after.former_handles if folded_handle(former.handle) == old
    )

    def fill(transaction: TransactWrite) -> None:
        transaction.save(_handle_item(before.handle, before.channel_id, int(kept_until)))
        transaction.save(_handle_item(after.handle, before.channel_id), condition=_is_free(before.channel_id))
        transaction.update(
            channels(_channel_key(before.channel_id)),
            actions=_shown(after),
            condition=channels.version == before.version,
        )

    try:
        transact(fill, ChannelsUnavailable)
    except Cancelled as cancelled:
        if 2 in cancelled.failed:
            raise ChannelChangedMeanwhile from cancelled
        raise HandleTaken from cancelled


def count_follower(transaction: TransactWrite, channel_id: ChannelId, follower_id: UserId, change: int) -> None:
    """Let the channel's count move in the transaction of a follow; one's own and a hidden channel make it fail."""
    channels = _tables()[0]
    condition = channels.pk.exists()
    if change > 0:
        condition = condition & (channels.owner_id != follower_id) & (channels.is_hidden == False)  # noqa: E712
    transaction.update(
        channels(_channel_key(channel_id)), actions=[channels.follower_count.add(change)], condition=condition
    )


def set_hidden(owner_id: UserId, *, is_hidden: bool) -> tuple[ChannelId, ...]:
    """Hide or show all channels of an account, also those to come; return their ids. Repeating it changes nothing."""
    channels, _, owners = _tables()
    owner = owners(_owner_key(owner_id))
    with _translated():
        # First the owner: a channel that is made at this moment is either refused, or in the list that comes back.
        owner.update(actions=[owners.is_hidden.set(is_hidden)])
        ids = tuple(ChannelId(channel_id) for channel_id in owner.channel_ids or ())
        for channel_id in ids:
            actions: list[Action] = [channels.is_hidden.set(is_hidden), channels.version.add(1)]
            try:
                channels(_channel_key(channel_id)).update(actions=actions, condition=channels.pk.exists())
            except UpdateError as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
    return ids


def delete(channel: Channel) -> None:
    """Remove a channel and its handles. Repeating it changes nothing."""
    channels, handles, owners = _tables()
    owner = owners(_owner_key(channel.owner_id))
    with _translated():
        for handle in (channel.handle, *(former.handle for former in channel.former_handles)):
            _delete_handle(handles(_handle_key(handle)), channel.channel_id)
        channels(_channel_key(channel.channel_id)).delete()
        left = [channel_id for channel_id in ids_of_owner(channel.owner_id) if channel_id != channel.channel_id]
        owner.update(actions=[owners.channel_ids.set(left)], condition=owners.pk.exists())


def delete_owner(owner_id: UserId) -> None:
    """Remove what is kept of an owner without channels. Repeating it changes nothing."""
    with _translated():
        _tables()[2](_owner_key(owner_id)).delete()


def _delete_handle(item: _HandleItem, channel_id: ChannelId) -> None:
    handles = _tables()[1]
    try:
        item.delete(condition=handles.channel_id == channel_id)
    except PynamoDBException as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise


def _is_free(own: ChannelId | None = None) -> Condition:
    """A handle is free if nobody has it, if its time is over, or if it is a former one of the channel itself."""
    handles = _tables()[1]
    free: Condition = handles.pk.does_not_exist() | (handles.kept_until < int(now().timestamp()))
    if own is not None:
        free = free | (handles.channel_id == own)
    return free


def _shown(channel: Channel) -> list[Action]:
    """The changes that store everything that an owner may change."""
    channels = _tables()[0]
    return [
        channels.handle.set(channel.handle),
        channels.name.set(channel.name),
        channels.description.set(channel.description),
        channels.links.set([asdict(link) for link in channel.links]),
        channels.banner.set(asdict(channel.banner)) if channel.banner else channels.banner.remove(),
        channels.former_handles.set(_former(channel)),
        channels.version.add(1),
    ]


def _channel_key(channel_id: ChannelId) -> str:
    return f"CHANNEL#{channel_id}"


def _handle_key(handle: str) -> str:
    return f"HANDLE#{folded_handle(handle)}"


def _owner_key(owner_id: UserId) -> str:
    return f"OWNER#{owner_id}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise ChannelsUnavailable from error


@cache
def _tables() -> tuple[type[_ChannelItem], type[_HandleItem], type[_OwnerItem]]:
    models = _ChannelItem, _HandleItem, _OwnerItem
    for model in models:
        model.Meta.table_name = settings.require("CHANNELS_TABLE")
    return models


def _owner(owner_id: UserId) -> _OwnerItem:
    owners = _tables()[2]
    with _translated():
        try:
            return owners.get(_owner_key(owner_id), consistent_read=True)
        except DoesNotExist:
            return owners(_owner_key(owner_id))


def _handle_item(handle: str, channel_id: ChannelId, kept_until: int | None = None) -> _HandleItem:
    return _tables()[1](_handle_key(handle), channel_id=channel_id, kept_until=kept_until)


def _former(channel: Channel) -> list[dict[str, object]]:
    return [
        {"handle": former.handle, "kept_until": int(former.kept_until.timestamp())} for former in channel.former_handles
    ]


def _item(channel: Channel) -> _ChannelItem:
    return _tables()[0](
        _channel_key(channel.channel_id),
        channel_id=channel.channel_id,
        owner_id=channel.owner_id,
        handle=channel.handle,
        name=channel.name,
        description=channel.description,
        links=[asdict(link) for link in channel.links],
        banner=asdict(channel.banner) if channel.banner else None,
        former_handles=_former(channel),
        follower_count=channel.follower_count,
        is_hidden=channel.is_hidden,
        created_at=channel.created_at,
        version=channel.version,
    )


def _channel(item: _ChannelItem) -> Channel:
    banner = item.banner
    return Channel(
        channel_id=ChannelId(item.channel_id),
        owner_id=UserId(item.owner_id),
        handle=item.handle,
        name=item.name,
        description=item.description,
        links=tuple(Link(**link) for link in item.links),
        banner=Banner(**{**banner, "kind": PictureKind(banner["kind"])}) if banner else None,
        follower_count=int(item.follower_count),
        former_handles=tuple(
            FormerHandle(former["handle"], datetime.fromtimestamp(former["kept_until"], UTC))
            for former in item.former_handles
        ),
        is_hidden=bool(item.is_hidden),
        version=int(item.version),
        created_at=item.created_at,
    )
