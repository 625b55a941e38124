"""Clips of live streams: made by viewers and streamers, watched by those who may watch the stream."""

from millrace.accounts.access import authenticate
from millrace.live import watching
from millrace.live.clips import service, store
from millrace.live.clips.messages import ClipDraft, ClipFile, ClipView
from millrace.live.errors import ClipGone, ClipOutside, NotStarted, StreamGone
from millrace.live.messages import LiveList, cursor_of
from millrace.platform.http import Access, Api, Caller, Page
from millrace.platform.ids import ClipId, LiveSessionId
from millrace.platform.limits import per_account, per_address

api = Api("clips", authenticate)
handler = api.chalice


@api.route(
    "POST",
    "/api/live/{session_id}/clips",
    status=201,
    access=Access.SIGNED_IN,
    idempotent=True,
    limits=[per_account("clip", 30, 3600)],
    raises=[StreamGone, NotStarted, ClipOutside],
)
def create_clip(session_id: LiveSessionId, body: ClipDraft, caller: Caller) -> ClipView:
    """Keep up to a minute of a stream, while it is live or up to a week later."""
    session = watching.visible(session_id, caller)
    clip = service.create(session, caller, body.title, body.starts_at, body.duration_s)
    return ClipView.of(clip, service.base_url(clip))


@api.route("GET", "/api/live/{session_id}/clips", access=Access.OPTIONAL, raises=[StreamGone])
def list_clips(session_id: LiveSessionId, query: LiveList, caller: Caller | None) -> Page[ClipView]:
    """List a stream's clips, newest first."""
    watching.visible(session_id, caller)
    after = query.after()
    page = store.of_session(session_id, query.limit, ClipId(after) if after else None)
    items = tuple(ClipView.of(clip, service.base_url(clip)) for clip in page.clips)
    return Page[ClipView](items=items, next_cursor=cursor_of(page.last))


@api.route("GET", "/api/clips/{clip_id}", access=Access.OPTIONAL, raises=[ClipGone])
def get_clip(clip_id: ClipId, caller: Caller | None) -> ClipView:
    """Show a clip, and where to play it."""
    clip = service.visible(clip_id, caller)
    return ClipView.of(clip, service.base_url(clip))


@api.route("DELETE", "/api/clips/{clip_id}", status=204, access=Access.SIGNED_IN, raises=[ClipGone])
def delete_clip(clip_id: ClipId, caller: Caller) -> None:
    """Remove a clip; its author and the streamer may."""
    service.remove(clip_id, caller)


@api.route(
    "POST",
    "/api/clips/{clip_id}/file",
    access=Access.OPTIONAL,
    limits=[per_address("clip-file", 60, 3600)],
    raises=[ClipGone],
)
def make_clip_file(clip_id: ClipId, caller: Caller | None) -> ClipFile:
    """Get a clip as one MP4 file, in the stream's own quality; it is made when it is wanted first."""
    clip = service.visible(clip_id, caller)
    return ClipFile(clip_id=clip_id, url=service.file_url(clip))
