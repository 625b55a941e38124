"""Remove what is left of streams: media that nobody keeps, and sessions whose recording or channel is gone."""

from datetime import timedelta

from millrace.live import store
from millrace.live.clips import store as clips
from millrace.live.edge import store as edge_store
from millrace.live.model import LiveSession
from millrace.live.storing import delete_all
from millrace.platform.clock import now
from millrace.platform.events import ChannelDeleted, DomainEvent, VideoDeleted
from millrace.platform.ids import ChannelId
from millrace.videos.places import media_folder

PAGE = 50
# An ingest tries for two minutes to store what it has in hand, whatever became of its session.
STILL_WRITTEN = timedelta(minutes=3)


def remove_media(session: LiveSession) -> None:
    """Remove every byte of a session, and what names them. Natural to repeat."""
    delete_all(media_folder(session.home, session.video_id))
    delete_all(session.place.parts_prefix)
    edge_store.remove(session.session_id)


def forget(event: DomainEvent) -> None:
    """Forget the sessions of a deleted video or channel; any other event changes nothing. Idempotent."""
    match event:
        case VideoDeleted():
            session = store.of_video(event.video_id)
            if session is not None:
                _forget(session)
        case ChannelDeleted():
            _forget_all(event.channel_id)
        case _:
            return


def _forget_all(channel_id: ChannelId) -> None:
    after = None
    while True:
        page = store.of_channel(channel_id, PAGE, after)
        for session in page.sessions:
            # The index may lag behind.
            found = store.find(session.session_id)
            if found is not None:
                _forget(found)
        after = page.last
        if after is None:
            return


def _forget(session: LiveSession) -> None:
    """Forget a session for good, or have one end first that an ingest still writes to.

    The ingest reads that with its next beat; what it stores until then goes when its end is recorded.
    """
    if session.has_ended:
        _remove(session)
    elif not session.is_forgotten:
        changes = {"is_forgotten": True, "is_end_asked": True, "is_kept": False}
        store.change(session, session.model_copy(update=changes))


def forget_ended(session: LiveSession) -> None:
    """Remove what there is of a session that ended because it is forgotten; once nobody writes any more, all of it.

    Until then it stays unsettled, so that the watchdog comes back to it.
    """
    remove_media(session)
    if session.ended_at is not None and now() >= session.ended_at + STILL_WRITTEN:
        _remove(session)


def _remove(session: LiveSession) -> None:
    remove_media(session)
    clips.remove_all(session.session_id)
    store.remove(session)
