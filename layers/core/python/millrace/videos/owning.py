"""What owners make and list, from the API's messages to the use cases."""

from millrace.channels import service as channels
from millrace.platform.http import Page
from millrace.platform.ids import ChannelId, UserId
from millrace.videos import service
from millrace.videos.messages import OwnVideoList, VideoDraft, VideoView, read_cursor, write_cursor
from millrace.videos.model import Status, Video
from millrace.videos.store import OwnedFilter


def create(owner_id: UserId, draft: VideoDraft) -> Video:
    """Make a video in the channel that was named, or in the owner's first; raises NotYourChannel or ChannelGone."""
    return service.create(
        owner_id,
        _channel(owner_id, draft.channel_id),
        draft.details(),
        draft.file(),
        visibility=draft.visibility,
        is_draft=draft.draft,
        publish_at=draft.publish_at,
    )


def _channel(owner_id: UserId, wanted: ChannelId | None) -> ChannelId:
    """Return the channel that was named if it is the owner's, or their first one, made now if need be."""
    if wanted is not None:
        return channels.owned(wanted, owner_id).channel_id
    found = channels.of_owner(owner_id)
    if found:
        return found[0].channel_id
    return channels.first_of(owner_id, _name_of(owner_id)).channel_id


def _name_of(owner_id: UserId) -> str:
    # Imported here: only a first upload needs it, and it loads what signing in needs.
    from millrace.accounts import service as accounts

    return accounts.profile(owner_id).display_name


def page(owner_id: UserId, query: OwnVideoList) -> Page[VideoView]:
    """Return a page of the owner's videos."""
    wanted = OwnedFilter(Status(query.status) if query.status else None, query.channel_id)
    found = service.owned_page(owner_id, query.limit, read_cursor(query.cursor), wanted)
    items = tuple(VideoView.of(video, owner_id) for video in found.videos)
    return Page[VideoView](items=items, next_cursor=write_cursor(found.last))
