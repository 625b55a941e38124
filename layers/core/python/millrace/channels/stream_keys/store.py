"""The table of stream keys.

    item     pk                     sk          holds
    key      CHANNEL#<channel_id>   <key_id>    label, prefix, key_hash, created_at
    lookup   HASH#<key_hash>        LOOKUP      channel_id, key_id
    count    CHANNEL#<channel_id>   COUNT       how many keys the channel has

    access pattern                  request
    make a key, below the limit     TransactWriteItems: key and lookup absent, count below the limit
    a channel's keys, oldest first  Query CHANNEL#<channel_id>
    whose key this is               GetItem HASH#<key_hash>
    revoke a key                    GetItem of the key, then TransactWriteItems: remove both, count - 1

A key is looked up by the hash of the whole, never compared: how long that takes tells nothing about a guess, for
what a guess has in common with a key is gone from its hash. `COUNT` sorts behind every id.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.channels.errors import ChannelsUnavailable, StreamKeyGone, TooManyStreamKeys
from millrace.channels.model import MAX_STREAM_KEYS_PER_CHANNEL, StreamKey
from millrace.platform import settings
from millrace.platform.ids import ChannelId, StreamKeyId
from millrace.platform.store import Cancelled, Deadlines, transact

_LOOKUP = "LOOKUP"
# Ids begin with a digit.
_COUNT = "COUNT"


class _KeyItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    channel_id = UnicodeAttribute(null=True)
    key_id = UnicodeAttribute(null=True)
    label = UnicodeAttribute(null=True)
    prefix = UnicodeAttribute(null=True)
    key_hash = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute(null=True)
    key_count = NumberAttribute(null=True)


def create(key: StreamKey) -> None:
    """Store a new key; raises TooManyStreamKeys."""
    table = _table()
    place = _place(key.channel_id)

    def fill(transaction: TransactWrite) -> None:
        transaction.save(
            table(
                place,
                key.key_id,
                channel_id=key.channel_id,
                key_id=key.key_id,
                label=key.label,
                prefix=key.prefix,
                key_hash=key.key_hash,
                created_at=key.created_at,
            ),
            condition=table.pk.does_not_exist(),
        )
        transaction.save(
            table(_lookup(key.key_hash), _LOOKUP, channel_id=key.channel_id, key_id=key.key_id),
            condition=table.pk.does_not_exist(),
        )
        transaction.update(
            table(place, _COUNT),
            actions=[table.key_count.add(1)],
            condition=table.key_count.does_not_exist() | (table.key_count < MAX_STREAM_KEYS_PER_CHANNEL),
        )

    try:
        transact(fill, ChannelsUnavailable)
    except Cancelled as cancelled:
        if cancelled.failed == {2}:
            raise TooManyStreamKeys(MAX_STREAM_KEYS_PER_CHANNEL) from cancelled
        raise ChannelsUnavailable from cancelled


def of_channel(channel_id: ChannelId) -> tuple[StreamKey, ...]:
    """Return all keys of a channel, oldest first: the limit keeps them few."""
    table = _table()
    with _translated():
        return tuple(_key(item) for item in table.query(_place(channel_id), table.sk < _COUNT, consistent_read=True))


def channel_of(key_hash: str) -> ChannelId | None:
    """Return which channel the key opens, or None."""
    with _translated():
        try:
            item = _table().get(_lookup(key_hash), _LOOKUP, consistent_read=True)
        except DoesNotExist:
            return None
    return ChannelId(str(item.channel_id))


def delete(channel_id: ChannelId, key_id: StreamKeyId) -> None:
    """Remove a key of the channel, from now on for nobody; raises StreamKeyGone."""
    table = _table()
    with _translated():
        try:
            key = table.get(_place(channel_id), key_id, consistent_read=True)
        except DoesNotExist as error:
            raise StreamKeyGone(key_id) from error

    def fill(transaction: TransactWrite) -> None:
        transaction.delete(key, condition=table.pk.exists())
        transaction.delete(table(_lookup(str(key.key_hash)), _LOOKUP))
        transaction.update(table(_place(channel_id), _COUNT), actions=[table.key_count.add(-1)])

    try:
        transact(fill, ChannelsUnavailable)
    except Cancelled as cancelled:
        raise StreamKeyGone(key_id) from cancelled


def delete_count(channel_id: ChannelId) -> None:
    """Remove what is left of a channel without keys. Repeating it changes nothing."""
    with _translated():
        _table()(_place(channel_id), _COUNT).delete()


def _place(channel_id: ChannelId) -> str:
    return f"CHANNEL#{channel_id}"


def _lookup(key_hash: str) -> str:
    return f"HASH#{key_hash}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise ChannelsUnavailable from error


@cache
def _table() -> type[_KeyItem]:
    _KeyItem.Meta.table_name = settings.require("STREAM_KEYS_TABLE")
    return _KeyItem


def _key(item: _KeyItem) -> StreamKey:
    return StreamKey(
        key_id=StreamKeyId(str(item.key_id)),
        channel_id=ChannelId(str(item.channel_id)),
        label=str(item.label),
        prefix=str(item.prefix),
        key_hash=str(item.key_hash),
        created_at=item.created_at,
    )
