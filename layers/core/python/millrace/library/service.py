"""Use cases of a viewer's history, and of what to watch later."""

from datetime import datetime

from millrace.library import store
from millrace.library.model import Entry, Shelf
from millrace.library.playlists import service as playlists
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import UserId, VideoId
from millrace.videos import service as videos


def watched(caller: Caller, video_id: VideoId, position_ms: int) -> None:
    """Note how far somebody watched a video; raises VideoGone. Natural to repeat."""
    videos.visible(video_id, caller)
    store.put(caller.user_id, Shelf.HISTORY, Entry(video_id, now(), position_ms))


def keep_for_later(caller: Caller, video_id: VideoId) -> None:
    """Note that somebody wants to watch a video later; raises VideoGone. Natural to repeat."""
    videos.visible(video_id, caller)
    store.put(caller.user_id, Shelf.LATER, Entry(video_id, now()))


def take_off(user_id: UserId, shelf: Shelf, video_id: VideoId) -> None:
    """Take a video off a shelf; natural to repeat."""
    store.take_off(user_id, shelf, video_id)


def clear(user_id: UserId, shelf: Shelf) -> None:
    """Take everything off a shelf; natural to repeat."""
    store.clear(user_id, shelf)


def page(user_id: UserId, shelf: Shelf, limit: int, after: tuple[VideoId, datetime] | None) -> store.EntryPage:
    """Return a page of a shelf, the latest first."""
    return store.page(user_id, shelf, limit, after)


def forget_user(user_id: UserId) -> None:
    """Forget all that somebody kept: their account ends. Natural to repeat."""
    for shelf in Shelf:
        store.clear(user_id, shelf)
    playlists.forget_user(user_id)
