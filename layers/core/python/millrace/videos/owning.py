"""What owners make and list, from the API's messages to the use cases."""

from millrace.platform.http import Page
from millrace.platform.ids import UserId
from millrace.videos import service
from millrace.videos.messages import OwnVideoList, VideoDraft, VideoView, read_cursor, write_cursor
from millrace.videos.model import Status, Video
from millrace.videos.store import OwnedFilter


def create(owner_id: UserId, draft: VideoDraft) -> Video:
    """Make a video in the channel that was named."""
    return service.create(
        owner_id,
        draft.channel_id,
        draft.details(),
        draft.file(),
        visibility=draft.visibility,
        is_draft=draft.draft,
        publish_at=draft.publish_at,
    )


def page(owner_id: UserId, query: OwnVideoList) -> Page[VideoView]:
    """Return a page of the owner's videos."""
    wanted = OwnedFilter(Status(query.status) if query.status else None, query.channel_id)
    found = service.owned_page(owner_id, query.limit, read_cursor(query.cursor), wanted)
    items = tuple(VideoView.of(video, owner_id) for video in found.videos)
    return Page[VideoView](items=items, next_cursor=write_cursor(found.last))
