"""Channels: what an account publishes under, who follows, and stream keys."""

from millrace.accounts.access import authenticate
from millrace.channels import service
from millrace.channels.errors import (
    BannerMissing,
    BannerRejected,
    ChannelChangedMeanwhile,
    ChannelGone,
    HandleTaken,
    MayNotPublish,
    NotYourChannel,
    OwnChannel,
    RenamedTooOften,
    StreamKeyGone,
    TooManyChannels,
    TooManyStreamKeys,
)
from millrace.channels.follows import service as follows
from millrace.channels.messages import (
    BannerChoice,
    BannerDraft,
    BannerUpload,
    ChannelChanges,
    ChannelDraft,
    ChannelView,
    FollowedView,
    FollowList,
    FollowView,
    NewStreamKey,
    OwnChannels,
    OwnChannelView,
    StreamKeyDraft,
    StreamKeys,
    StreamKeyView,
)
from millrace.channels.model import Channel
from millrace.channels.stream_keys import service as stream_keys
from millrace.platform.http import Access, Api, Caller, Page, Reply, expected_version
from millrace.platform.ids import ChannelId, StreamKeyId
from millrace.platform.limits import per_account

api = Api("channels", authenticate)
handler = api.chalice

CREATOR = "creator"
OWNERS_ONLY = (ChannelGone, NotYourChannel)


@api.route(
    "POST",
    "/api/channels",
    status=201,
    access=Access.SIGNED_IN,
    idempotent=True,
    raises=[HandleTaken, TooManyChannels, MayNotPublish],
    limits=[per_account("channel", 10, 3600)],
)
def create_channel(body: ChannelDraft, caller: Caller) -> Reply[OwnChannelView]:
    """Make a channel. Without an Idempotency-Key a repeated request finds its handle taken, by itself."""
    if CREATOR not in caller.roles:
        raise MayNotPublish
    return own(service.create(caller.user_id, body))


@api.route("GET", "/api/me/channels", access=Access.SIGNED_IN)
def list_own_channels(caller: Caller) -> OwnChannels:
    """List the caller's channels, oldest first. There are ten at most, so there are no pages."""
    return OwnChannels(items=tuple(OwnChannelView.of(channel) for channel in service.of_owner(caller.user_id)))


@api.route("GET", "/api/channels/{channel_id}", raises=[ChannelGone])
def get_channel(channel_id: str) -> Reply[ChannelView]:
    """Show a channel, by its id or by an @ and its handle in any case; a former handle leads to it, too."""
    channel = service.named(channel_id)
    return Reply(ChannelView.of(channel), etag=str(channel.version))


@api.route(
    "PATCH",
    "/api/channels/{channel_id}",
    access=Access.SIGNED_IN,
    raises=[*OWNERS_ONLY, HandleTaken, RenamedTooOften, ChannelChangedMeanwhile],
)
def change_channel(
    channel_id: ChannelId, body: ChannelChanges, caller: Caller, if_match: str | None
) -> Reply[OwnChannelView]:
    """Change what one's channel shows. Repeating it leaves the same channel."""
    return own(service.change(channel_id, caller.user_id, body, expected_version(if_match)))


@api.route("POST", "/api/channels/{channel_id}/banner", status=201, access=Access.SIGNED_IN, raises=OWNERS_ONLY)
def upload_banner(channel_id: ChannelId, body: BannerDraft, caller: Caller) -> BannerUpload:
    """Get an address that takes one picture of exactly this type and size. Safe to repeat: each is its own."""
    upload = service.begin_banner(channel_id, caller.user_id, body.content_type, body.size_bytes)
    return BannerUpload(
        banner_id=upload.banner_id, url=upload.url, headers=upload.headers, expires_at=upload.expires_at
    )


@api.route(
    "PUT",
    "/api/channels/{channel_id}/banner",
    access=Access.SIGNED_IN,
    raises=[*OWNERS_ONLY, BannerMissing, BannerRejected, ChannelChangedMeanwhile],
)
def publish_banner(channel_id: ChannelId, body: BannerChoice, caller: Caller) -> Reply[OwnChannelView]:
    """Show an uploaded picture as the banner, without what a camera wrote into it. Repeating it changes nothing."""
    return own(service.publish_banner(channel_id, caller.user_id, body.banner_id))


@api.route(
    "DELETE",
    "/api/channels/{channel_id}/banner",
    access=Access.SIGNED_IN,
    raises=[*OWNERS_ONLY, ChannelChangedMeanwhile],
)
def remove_banner(channel_id: ChannelId, caller: Caller) -> Reply[OwnChannelView]:
    """Show no banner any more. Repeating it changes nothing."""
    return own(service.remove_banner(channel_id, caller.user_id))


@api.route("GET", "/api/channels/{channel_id}/follow", access=Access.SIGNED_IN, tag="follows", raises=[ChannelGone])
def get_follow(channel_id: ChannelId, caller: Caller) -> FollowView:
    """Tell whether the caller follows the channel."""
    count = service.get(channel_id).follower_count
    is_following = follows.is_following(caller.user_id, channel_id)
    return FollowView(channel_id=channel_id, is_following=is_following, follower_count=count)


@api.route(
    "PUT",
    "/api/channels/{channel_id}/follow",
    access=Access.SIGNED_IN,
    tag="follows",
    raises=[ChannelGone, OwnChannel],
)
def follow_channel(channel_id: ChannelId, caller: Caller) -> FollowView:
    """Follow a channel. Repeating it counts nobody twice."""
    count = follows.follow(caller.user_id, channel_id).follower_count
    return FollowView(channel_id=channel_id, is_following=True, follower_count=count)


@api.route("DELETE", "/api/channels/{channel_id}/follow", access=Access.SIGNED_IN, tag="follows", raises=[ChannelGone])
def unfollow_channel(channel_id: ChannelId, caller: Caller) -> FollowView:
    """Follow a channel no longer. Repeating it changes nothing."""
    count = follows.unfollow(caller.user_id, channel_id).follower_count
    return FollowView(channel_id=channel_id, is_following=False, follower_count=count)


@api.route("GET", "/api/me/follows", access=Access.SIGNED_IN, tag="follows")
def list_followed(query: FollowList, caller: Caller) -> Page[FollowedView]:
    """List what the caller follows, the latest first. A page may be short: channels that are gone are left out."""
    page = follows.followed_by(caller.user_id, query.cursor, query.limit)
    channels = service.get_many(follow.channel_id for follow in page.follows)
    items = tuple(
        FollowedView(channel=ChannelView.of(channels[follow.channel_id]), followed_at=follow.followed_at)
        for follow in page.follows
        if follow.channel_id in channels
    )
    return Page[FollowedView](items=items, next_cursor=page.next_cursor)


@api.route(
    "POST",
    "/api/channels/{channel_id}/stream-keys",
    status=201,
    access=Access.SIGNED_IN,
    tag="stream keys",
    raises=[*OWNERS_ONLY, MayNotPublish, TooManyStreamKeys],
)
def create_stream_key(channel_id: ChannelId, body: StreamKeyDraft, caller: Caller) -> NewStreamKey:
    """Make a stream key. The answer shows it, and nothing ever shows it again.

    It takes no Idempotency-Key: answers to those are kept for a day.
    """
    if CREATOR not in caller.roles:
        raise MayNotPublish
    service.owned(channel_id, caller.user_id)
    shown = stream_keys.create_stream_key(channel_id, body.label)
    return NewStreamKey(key=StreamKeyView.of(shown.key), stream_key=shown.secret)


@api.route(
    "GET", "/api/channels/{channel_id}/stream-keys", access=Access.SIGNED_IN, tag="stream keys", raises=OWNERS_ONLY
)
def list_stream_keys(channel_id: ChannelId, caller: Caller) -> StreamKeys:
    """List the channel's stream keys by their beginnings, oldest first. There are ten at most."""
    service.owned(channel_id, caller.user_id)
    return StreamKeys(items=tuple(StreamKeyView.of(key) for key in stream_keys.list_stream_keys(channel_id)))


@api.route(
    "DELETE",
    "/api/channels/{channel_id}/stream-keys/{key_id}",
    status=204,
    access=Access.SIGNED_IN,
    tag="stream keys",
    raises=[*OWNERS_ONLY, StreamKeyGone],
)
def revoke_stream_key(channel_id: ChannelId, key_id: StreamKeyId, caller: Caller) -> None:
    """Revoke a stream key: it opens nothing from now on. Repeating it answers 404."""
    service.owned(channel_id, caller.user_id)
    stream_keys.revoke_stream_key(channel_id, key_id)


def own(channel: Channel) -> Reply[OwnChannelView]:
    """Show a channel to its owner, with the tag that an edit may name."""
    return Reply(OwnChannelView.of(channel), etag=str(channel.version))
