"""End sessions: close their media, and say so. What becomes a video follows the event."""

from millrace.live import store
from millrace.live.announcing import announce
from millrace.live.edge import store as edge_store
from millrace.live.errors import LeaseLost
from millrace.live.model import LiveSession, SessionState
from millrace.live.sealing import seal
from millrace.platform.clock import now
from millrace.platform.events import StreamEnded


def end(session: LiveSession) -> LiveSession:
    """End a session, whoever holds it; natural to repeat. Raises StreamChangedMeanwhile.

    The media ends before the record does: if this breaks off in between, the next try finds the session open still.
    """
    shown = edge_store.shown(session.session_id)
    if not shown.head.has_ended:
        epoch = max(session.epoch, shown.head.epoch) + 1
        try:
            edge_store.fence(session.session_id, epoch, shown.head.period)
            seal(session, epoch)
            edge_store.end(session.session_id, epoch)
        except LeaseLost:
            # Somebody else ends it at the same moment, with the same result.
            if not edge_store.shown(session.session_id).head.has_ended:
                raise
    changes = {"state": SessionState.ENDED, "ended_at": now(), "health": None}
    ended = store.end(session, session.model_copy(update=changes))
    announce(StreamEnded, ended)
    return ended
