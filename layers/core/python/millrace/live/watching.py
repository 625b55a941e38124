"""What viewers and owners do with streams: find, watch, describe and end them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from millrace.channels import service as channels
from millrace.channels.errors import ChannelGone
from millrace.live import ending, store
from millrace.live.announcing import announce
from millrace.live.errors import HasEnded, NotStarted, NotYourStream, StreamChangedMeanwhile, StreamGone
from millrace.live.model import LiveSession
from millrace.live.places import PARTS_FOLDER
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.errors import Stale
from millrace.platform.events import StreamChanged
from millrace.platform.ids import ChannelId, LiveSessionId
from millrace.platform.site import public_url
from millrace.videos import cookies
from millrace.videos.model import Home
from millrace.videos.places import media_folder

# One long evening; the player asks again before it ends.
COOKIE_LIFETIME = timedelta(hours=12)
TRIES = 5


@dataclass(frozen=True, slots=True)
class Opening:
    """Cookies that open one folder of a private stream."""

    path: str
    cookies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a stream is watched, and what opens it where it is private."""

    session: LiveSession
    base_url: str
    openings: tuple[Opening, ...] = ()
    expires_at: datetime | None = None

    @property
    def is_secure(self) -> bool:
        """Whether the cookies may travel by HTTPS only."""
        return self.base_url.startswith("https:")


def visible(session_id: LiveSessionId, caller: Caller | None) -> LiveSession:
    """Return a stream that the caller may know of; any other is StreamGone, like one that is not there."""
    session = store.get(session_id)
    if caller is not None and caller.user_id == session.owner_id:
        return session
    if not session.is_open_to_all:
        raise StreamGone(session_id)
    try:
        channels.get(session.channel_id)
    except ChannelGone as error:
        raise StreamGone(session_id) from error
    return session


def visible_to_us(session_id: LiveSessionId) -> LiveSession:
    """Return a stream, whoever asks: for those who have checked that already; raises StreamGone."""
    return store.get(session_id)


def owned(session_id: LiveSessionId, caller: Caller) -> LiveSession:
    """Return the caller's own stream; raises NotYourStream, or StreamGone where they may not even know of it."""
    session = visible(session_id, caller)
    if session.owner_id != caller.user_id:
        raise NotYourStream
    return session


def listed(limit: int, after: LiveSessionId | None) -> store.SessionPage:
    """Return a page of what everybody may watch now, newest first; it may be short where channels are hidden."""
    page = store.listed(limit, after)
    shown = channels.get_many(session.channel_id for session in page.sessions)
    return store.SessionPage([each for each in page.sessions if each.channel_id in shown], page.last)


def of_channel(name: str, caller: Caller | None) -> tuple[ChannelId, LiveSession | None]:
    """Return the channel, by its id or an @ and its handle, and what it streams now; raises ChannelGone.

    Its owner sees every stream but test streams, and everybody else those that may be found.
    """
    channel = channels.named(name)
    session = store.open_of(channel.channel_id, is_test=False)
    is_owner = caller is not None and caller.user_id == channel.owner_id
    return channel.channel_id, session if session and (is_owner or session.is_listed) else None


def trial_of_channel(channel_id: ChannelId, caller: Caller | None) -> LiveSession | None:
    """Return the test stream that a channel runs now; nobody but its owner is told of it."""
    session = store.open_of(channel_id, is_test=True) if caller else None
    return session if session and caller and session.owner_id == caller.user_id else None


def playback(session: LiveSession) -> Playback:
    """Return where the stream is watched, with fresh cookies where it is private; raises NotStarted."""
    if session.live_at is None:
        raise NotStarted
    base_url = f"{public_url()}/live/{session.home}/{session.session_id}/"
    if session.home is Home.PUBLIC:
        return Playback(session, base_url)
    expires_at = now() + COOKIE_LIFETIME
    folders = (
        f"live/{Home.PRIVATE}/{session.session_id}/",
        f"media/{Home.PRIVATE}/{PARTS_FOLDER}/{session.session_id}/",
        media_folder(Home.PRIVATE, session.video_id),
    )
    # A policy opens one folder, and a browser sends the cookies of the longest path that fits: so three of each.
    openings = tuple(
        Opening(f"/{folder}", cookies.signed_cookies(f"{public_url()}/{folder}*", expires_at)) for folder in folders
    )
    return Playback(session, base_url, openings, expires_at)


def change(
    session_id: LiveSessionId,
    caller: Caller,
    changes: Callable[[LiveSession], LiveSession],
    expected: int | None = None,
) -> LiveSession:
    """Change what a stream says; raises NotYourStream, HasEnded, Stale or StreamChangedMeanwhile.

    `expected` is the state that the caller read. An ingest beats all the time, so a state is what an owner sees of it.
    """
    for _ in range(TRIES):
        before = owned(session_id, caller)
        if before.has_ended:
            raise HasEnded
        if expected not in (None, before.edition):
            raise Stale
        after = changes(before)
        if after == before:
            return before
        try:
            changed = store.change(before, after.model_copy(update={"edition": before.edition + 1}))
        except StreamChangedMeanwhile:
            continue
        announce(StreamChanged, changed)
        return changed
    raise StreamChangedMeanwhile


def ask_end(session_id: LiveSessionId, caller: Caller) -> LiveSession:
    """End the caller's stream; natural to repeat. Where an ingest is at work, it ends it with its next beat."""
    for _ in range(TRIES):
        session = owned(session_id, caller)
        if session.has_ended:
            return session
        try:
            if not session.is_held(now()):
                return ending.end(session)
            return store.change(session, session.model_copy(update={"is_end_asked": True}))
        except StreamChangedMeanwhile:
            continue
    raise StreamChangedMeanwhile
