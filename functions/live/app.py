"""Live streams, for viewers and their owners; and what is announced for later."""

from millrace.accounts.access import authenticate
from millrace.channels.errors import ChannelGone, NotYourChannel
from millrace.live import watching
from millrace.live.errors import (
    HasEnded,
    NotStarted,
    NotYourStream,
    ScheduledStreamGone,
    StreamChangedMeanwhile,
    StreamGone,
    TooManyScheduledStreams,
)
from millrace.live.messages import (
    ChannelLive,
    HealthView,
    LiveList,
    PlaybackView,
    StreamChanges,
    StreamView,
    cursor_of,
)
from millrace.live.model import LiveSession
from millrace.live.scheduling import service as scheduling
from millrace.live.scheduling.messages import Schedule, ScheduledChanges, ScheduledDraft, ScheduledView
from millrace.platform.clock import now
from millrace.platform.http import Access, Api, Caller, Cookie, Document, Page, Reply, expected_version
from millrace.platform.ids import ChannelId, LiveSessionId, ScheduledStreamId
from millrace.platform.limits import per_account

api = Api("live", authenticate)
handler = api.chalice

OWNERS_ONLY = (StreamGone, NotYourStream)
OF_OWN_CHANNEL = (ChannelGone, NotYourChannel)


@api.route("GET", "/api/live")
def list_live(query: LiveList) -> Page[StreamView]:
    """List who is live now, the latest first. A page may be short: channels that are hidden are left out."""
    after = query.after()
    page = watching.listed(query.limit, LiveSessionId(after) if after else None)
    items = tuple(StreamView.of(session, None) for session in page.sessions)
    return Page[StreamView](items=items, next_cursor=cursor_of(page.last))


@api.route("GET", "/api/live/clock", media_type="text/plain")
def get_clock() -> Document:
    """Tell the time (ISO 8601), for players that compare their clock with it."""
    return Document(now().isoformat(timespec="milliseconds").replace("+00:00", "Z"))


@api.route("GET", "/api/channels/{channel_id}/live", access=Access.OPTIONAL, raises=[ChannelGone])
def get_channel_live(channel_id: str, caller: Caller | None) -> ChannelLive:
    """Show what a channel streams now; the channel by its id, or by an @ and its handle."""
    found, session = watching.of_channel(channel_id, caller)
    test = watching.trial_of_channel(found, caller)
    return ChannelLive(
        channel_id=found,
        stream=shown(session, caller) if session else None,
        test_stream=shown(test, caller) if test else None,
    )


@api.route("GET", "/api/live/{session_id}", access=Access.OPTIONAL, raises=[StreamGone])
def get_stream(session_id: LiveSessionId, caller: Caller | None) -> Reply[StreamView]:
    """Show a stream, also one that has ended: its recording is the video that it names."""
    return tagged(watching.visible(session_id, caller), caller)


@api.route(
    "PATCH",
    "/api/live/{session_id}",
    access=Access.SIGNED_IN,
    raises=[*OWNERS_ONLY, HasEnded, StreamChangedMeanwhile],
)
def change_stream(
    session_id: LiveSessionId, body: StreamChanges, caller: Caller, if_match: str | None
) -> Reply[StreamView]:
    """Change what one's stream says, while it is live."""
    return tagged(watching.change(session_id, caller, body.apply, expected_version(if_match)), caller)


@api.route(
    "POST",
    "/api/live/{session_id}/end",
    status=202,
    access=Access.SIGNED_IN,
    raises=[*OWNERS_ONLY, StreamChangedMeanwhile],
)
def end_stream(session_id: LiveSessionId, caller: Caller) -> StreamView:
    """End one's stream, within some seconds; repeating it changes nothing."""
    return shown(watching.ask_end(session_id, caller), caller)


@api.route("GET", "/api/live/{session_id}/health", access=Access.SIGNED_IN, raises=OWNERS_ONLY)
def get_health(session_id: LiveSessionId, caller: Caller) -> HealthView:
    """Tell how one's stream is doing, and what would make it better."""
    return HealthView.of(watching.owned(session_id, caller))


@api.route(
    "POST",
    "/api/live/{session_id}/playback",
    access=Access.OPTIONAL,
    cookies=True,
    raises=[StreamGone, NotStarted],
)
def play_stream(session_id: LiveSessionId, caller: Caller | None) -> Reply[PlaybackView]:
    """Get the addresses of a stream and, where it is private, the cookies that open them."""
    granted = watching.playback(watching.visible(session_id, caller))
    cookies = [
        Cookie(
            name,
            value,
            path=opening.path,
            max_age_s=int(watching.COOKIE_LIFETIME.total_seconds()),
            secure=granted.is_secure,
        )
        for opening in granted.openings
        for name, value in opening.cookies.items()
    ]
    return Reply(PlaybackView.of(granted), cookies=cookies)


@api.route(
    "POST",
    "/api/channels/{channel_id}/scheduled-streams",
    status=201,
    access=Access.SIGNED_IN,
    tag="scheduled streams",
    idempotent=True,
    limits=[per_account("schedule", 60, 3600)],
    raises=[*OF_OWN_CHANNEL, TooManyScheduledStreams],
)
def schedule_stream(channel_id: ChannelId, body: ScheduledDraft, caller: Caller) -> ScheduledView:
    """Announce a stream for an hour to come."""
    return ScheduledView.of(scheduling.announce(body.scheduled(channel_id, caller.user_id)))


@api.route(
    "GET",
    "/api/channels/{channel_id}/scheduled-streams",
    access=Access.OPTIONAL,
    tag="scheduled streams",
    raises=[ChannelGone],
)
def list_scheduled(channel_id: ChannelId, caller: Caller | None) -> Schedule:
    """List what a channel has announced, the next one first. There are fifty at most."""
    return Schedule(items=tuple(ScheduledView.of(each) for each in scheduling.upcoming(channel_id, caller)))


@api.route(
    "PATCH",
    "/api/channels/{channel_id}/scheduled-streams/{scheduled_id}",
    access=Access.SIGNED_IN,
    tag="scheduled streams",
    raises=[*OF_OWN_CHANNEL, ScheduledStreamGone],
)
def change_scheduled(
    channel_id: ChannelId, scheduled_id: ScheduledStreamId, body: ScheduledChanges, caller: Caller
) -> ScheduledView:
    """Change what was announced."""
    return ScheduledView.of(scheduling.change(channel_id, scheduled_id, caller, body.apply))


@api.route(
    "DELETE",
    "/api/channels/{channel_id}/scheduled-streams/{scheduled_id}",
    status=204,
    access=Access.SIGNED_IN,
    tag="scheduled streams",
    raises=OF_OWN_CHANNEL,
)
def call_off_scheduled(channel_id: ChannelId, scheduled_id: ScheduledStreamId, caller: Caller) -> None:
    """Call a stream off; repeating it changes nothing."""
    scheduling.call_off(channel_id, scheduled_id, caller)


def shown(session: LiveSession, caller: Caller | None) -> StreamView:
    """Show a stream to whoever asks."""
    return StreamView.of(session, caller.user_id if caller else None)


def tagged(session: LiveSession, caller: Caller | None) -> Reply[StreamView]:
    """Show a stream with the tag that an edit may name."""
    return Reply(shown(session, caller), etag=str(session.edition))
