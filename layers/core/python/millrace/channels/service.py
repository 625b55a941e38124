"""What people do with channels; follows and stream keys have services of their own beside this one."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace

from millrace.channels import banners, store
from millrace.channels.announcing import announce
from millrace.channels.errors import (
    ChannelGone,
    HandleTaken,
    NotYourChannel,
    RenamedTooOften,
    TooManyChannels,
)
from millrace.channels.follows.service import followed_by, forget_followers, unfollow_all
from millrace.channels.messages import ChannelChanges, ChannelDraft
from millrace.channels.model import (
    FORMER_HANDLE_KEPT,
    MAX_FORMER_HANDLES,
    Channel,
    FormerHandle,
    Link,
    folded_handle,
    handle_from_name,
    is_reserved,
)
from millrace.channels.stream_keys.service import forget_stream_keys, verify_stream_key
from millrace.media.picture import PictureKind
from millrace.platform.clock import now
from millrace.platform.errors import Stale
from millrace.platform.events import ChannelChanged, ChannelCreated, ChannelDeleted, publish
from millrace.platform.ids import ChannelId, UserId, is_id, new_id

__all__ = [
    "begin_banner",
    "change",
    "create",
    "first_of",
    "followed_by",
    "forget_owner",
    "get",
    "get_many",
    "hide_of_owner",
    "named",
    "of_owner",
    "owned",
    "publish_banner",
    "remove_banner",
    "show_of_owner",
    "verify_stream_key",
]

# The plain name first, then with digits: two of them among a thousand people of one name rarely meet.
HANDLE_TRIES = 6


def create(owner_id: UserId, draft: ChannelDraft) -> Channel:
    """Make a channel; raises HandleTaken, TooManyChannels or MayNotPublish."""
    links = tuple(Link(link.label, link.url) for link in draft.links)
    channel = _fresh(owner_id, draft.handle, draft.name, draft.description, links)
    store.create(channel)
    announce(ChannelCreated(channel_id=channel.channel_id, owner_id=owner_id))
    return channel


def first_of(owner_id: UserId, name: str) -> Channel:
    """Return the account's oldest channel, made now from its name if there is none; raises MayNotPublish.

    Of several who ask at once one makes it, and all get the same.
    """
    for attempt in range(HANDLE_TRIES):
        found = of_owner(owner_id)
        if found:
            return found[0]
        # The last try has so many digits that nobody has them.
        suffix = str(secrets.randbelow(10 ** (2 + 2 * attempt))) if attempt else ""
        handle = handle_from_name(name, suffix)
        if is_reserved(handle):
            continue
        channel = _fresh(owner_id, handle, name, "", ())
        try:
            store.create(channel, only_as_first=True)
        except (HandleTaken, TooManyChannels):
            continue
        announce(ChannelCreated(channel_id=channel.channel_id, owner_id=owner_id))
        return channel
    raise HandleTaken


def get(channel_id: ChannelId) -> Channel:
    """Return a channel that everybody may see; raises ChannelGone."""
    channel = store.get(channel_id)
    if channel.is_hidden:
        raise ChannelGone(channel_id)
    return channel


def named(text: str) -> Channel:
    """Return the channel by its id, or by an @ and its handle; a former handle leads to it, too; raises ChannelGone."""
    if text.startswith("@"):
        return get(store.id_of_handle(text[1:]))
    if not is_id(text):
        raise ChannelGone(text)
    return get(ChannelId(text))


def get_many(channel_ids: Iterable[ChannelId]) -> Mapping[ChannelId, Channel]:
    """Return those of the channels that everybody may see."""
    return {key: channel for key, channel in store.get_many(channel_ids).items() if not channel.is_hidden}


def of_owner(owner_id: UserId) -> tuple[Channel, ...]:
    """Return an account's channels, oldest first; hidden ones, too."""
    ids = store.ids_of_owner(owner_id)
    found = store.get_many(ids)
    return tuple(found[channel_id] for channel_id in ids if channel_id in found)


def owned(channel_id: ChannelId, owner_id: UserId) -> Channel:
    """Return the owner's channel; raises NotYourChannel, or ChannelGone."""
    channel = store.get(channel_id)
    if channel.owner_id == owner_id:
        return channel
    if channel.is_hidden:
        raise ChannelGone(channel_id)
    raise NotYourChannel


def change(channel_id: ChannelId, owner_id: UserId, changes: ChannelChanges, expected: int | None = None) -> Channel:
    """Change what a channel shows, if it is still the `expected` version; the same again leaves the same channel.

    Raises NotYourChannel, HandleTaken, RenamedTooOften, Stale or ChannelChangedMeanwhile.
    """
    before = owned(channel_id, owner_id)
    if expected not in (None, before.version):
        raise Stale
    after = replace(
        before,
        handle=before.handle if changes.handle is None else changes.handle,
        name=before.name if changes.name is None else changes.name,
        description=before.description if changes.description is None else changes.description,
        links=before.links if changes.links is None else tuple(Link(link.label, link.url) for link in changes.links),
    )
    if after == before:
        return before
    if folded_handle(after.handle) == folded_handle(before.handle):
        after = store.change(before, after)
    else:
        after = replace(after, former_handles=_former_handles(before, after.handle))
        store.rename(before, after)
        after = store.get(channel_id)
    announce(ChannelChanged(channel_id=channel_id, owner_id=owner_id))
    return after


def begin_banner(channel_id: ChannelId, owner_id: UserId, kind: PictureKind, size_bytes: int) -> banners.OpenBanner:
    """Let the owner upload a picture; raises NotYourChannel."""
    owned(channel_id, owner_id)
    return banners.begin(channel_id, kind, size_bytes)


def publish_banner(channel_id: ChannelId, owner_id: UserId, banner_id: str) -> Channel:
    """Show the uploaded picture as the channel's banner; showing it again changes nothing.

    Raises NotYourChannel, BannerMissing, BannerRejected or ChannelChangedMeanwhile.
    """
    before = owned(channel_id, owner_id)
    if before.banner and before.banner.banner_id == banner_id:
        return before
    return _replace_banner(before, replace(before, banner=banners.publish(channel_id, banner_id)))


def remove_banner(channel_id: ChannelId, owner_id: UserId) -> Channel:
    """Show no banner any more; raises NotYourChannel or ChannelChangedMeanwhile. Repeating it changes nothing."""
    before = owned(channel_id, owner_id)
    return _replace_banner(before, replace(before, banner=None)) if before.banner else before


def hide_of_owner(owner_id: UserId) -> None:
    """Hide the channels of a suspended account, and let it make no more. Repeating it changes nothing."""
    _set_hidden(owner_id, is_hidden=True)


def show_of_owner(owner_id: UserId) -> None:
    """Show the channels of an account again. Repeating it changes nothing."""
    _set_hidden(owner_id, is_hidden=False)


def forget_owner(user_id: UserId) -> None:
    """Remove everything of a deleted account: what it follows, its channels, who follows those, keys and banners.

    Idempotent, also where it stopped half way: what is gone already is passed over.
    """
    store.set_hidden(user_id, is_hidden=True)
    unfollow_all(user_id)
    for channel in of_owner(user_id):
        forget_stream_keys(channel.channel_id)
        forget_followers(channel.channel_id)
        if channel.banner:
            banners.remove(channel.channel_id, channel.banner)
        store.delete(channel)
        # Not `announce`: who keeps copies has to hear of it, and this is tried again as a whole.
        publish(ChannelDeleted(channel_id=channel.channel_id, owner_id=user_id))
    store.delete_owner(user_id)


def _set_hidden(owner_id: UserId, *, is_hidden: bool) -> None:
    for channel_id in store.set_hidden(owner_id, is_hidden=is_hidden):
        announce(ChannelChanged(channel_id=channel_id, owner_id=owner_id))


def _replace_banner(before: Channel, after: Channel) -> Channel:
    changed = store.change(before, after)
    if before.banner:
        banners.remove(before.channel_id, before.banner)
    announce(ChannelChanged(channel_id=before.channel_id, owner_id=before.owner_id))
    return changed


def _fresh(owner_id: UserId, handle: str, name: str, description: str, links: tuple[Link, ...]) -> Channel:
    return Channel(
        channel_id=ChannelId(new_id()),
        owner_id=owner_id,
        handle=handle,
        name=name,
        description=description,
        links=links,
        banner=None,
        follower_count=0,
        former_handles=(),
        is_hidden=False,
        version=1,
        created_at=now(),
    )


def _former_handles(before: Channel, handle: str) -> tuple[FormerHandle, ...]:
    """Return what the channel keeps after the rename: its old handle, and what is not over yet."""
    at = now()
    kept = [
        former
        for former in before.former_handles
        if former.kept_until > at and folded_handle(former.handle) != folded_handle(handle)
    ]
    if len(kept) >= MAX_FORMER_HANDLES:
        raise RenamedTooOften
    return (*kept, FormerHandle(before.handle, at + FORMER_HANDLE_KEPT))
