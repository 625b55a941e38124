"""Create, list, revoke and verify stream keys."""

from dataclasses import dataclass

from millrace.channels import store as channels_store
from millrace.channels.errors import ChannelGone, ChannelSuspended, StreamKeyUnknown
from millrace.channels.model import Channel, StreamKey
from millrace.channels.stream_keys import store
from millrace.channels.stream_keys.secret import hash_of, new_key, prefix_of
from millrace.platform.clock import now
from millrace.platform.ids import ChannelId, StreamKeyId, new_id


@dataclass(frozen=True, slots=True)
class Shown:
    """A new key, and the secret that nobody can read again."""

    key: StreamKey
    secret: str


def create_stream_key(channel_id: ChannelId, label: str) -> Shown:
    """Make a key; raises TooManyStreamKeys. Who calls has checked whose channel it is."""
    secret = new_key()
    key_hash = hash_of(secret)
    if key_hash is None:
        raise AssertionError("a fresh key has the shape of a key")
    key = StreamKey(StreamKeyId(new_id()), channel_id, label, prefix_of(secret), key_hash, now())
    store.create(key)
    return Shown(key, secret)


def list_stream_keys(channel_id: ChannelId) -> tuple[StreamKey, ...]:
    """Return a channel's keys, oldest first."""
    return store.of_channel(channel_id)


def revoke_stream_key(channel_id: ChannelId, key_id: StreamKeyId) -> None:
    """Let the key open nothing from now on; raises StreamKeyGone, also when it is repeated."""
    store.delete(channel_id, key_id)


def channel_of_stream_key(key: str) -> Channel:
    """Return the channel that the key opens; raises StreamKeyUnknown, or ChannelSuspended where its owner is.

    The time it takes tells nothing about a guess: it is hashed, and the hash is looked up as a key of the table.
    """
    key_hash = hash_of(key)
    channel_id = store.channel_of(key_hash) if key_hash else None
    if channel_id is None:
        raise StreamKeyUnknown
    try:
        channel = channels_store.get(channel_id)
    except ChannelGone as error:
        raise StreamKeyUnknown from error
    if channel.is_hidden:
        raise ChannelSuspended
    return channel


def verify_stream_key(key: str) -> ChannelId | None:
    """Return the channel that the key opens; None for a wrong or revoked one, and where the owner is suspended."""
    try:
        return channel_of_stream_key(key).channel_id
    except (StreamKeyUnknown, ChannelSuspended):
        return None


def forget_stream_keys(channel_id: ChannelId) -> None:
    """Remove every key of a channel that is being removed. Repeating it changes nothing."""
    for key in store.of_channel(channel_id):
        store.delete(channel_id, key.key_id)
    store.delete_count(channel_id)
