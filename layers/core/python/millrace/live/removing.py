"""Remove what is left of streams: media that nobody keeps, and sessions whose recording or channel is gone."""

from millrace.live import store
from millrace.live.edge import store as edge_store
from millrace.live.model import LiveSession
from millrace.live.storing import delete_all
from millrace.platform.events import ChannelDeleted, DomainEvent, VideoDeleted
from millrace.videos.places import media_folder

PAGE = 50


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
            while sessions := store.of_channel(event.channel_id, PAGE, None).sessions:
                for session in sessions:
                    _forget(session)
        case _:
            return


def _forget(session: LiveSession) -> None:
    """Forget a session for good; the ingest of one that is still open hears that with its next beat."""
    remove_media(session)
    store.remove(session)
