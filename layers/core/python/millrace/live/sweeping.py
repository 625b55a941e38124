"""Look after sessions that nobody looks after: once a minute."""

from collections import Counter
from datetime import timedelta

from millrace.channels import service as channels
from millrace.live import ending, store
from millrace.live.announcing import announce
from millrace.live.errors import LeaseLost, StreamChangedMeanwhile
from millrace.live.model import LiveSession
from millrace.platform.clock import now
from millrace.platform.events import StreamEnded

# A recording takes seconds. One that is missing for longer was not begun, or broke off.
RECORDED_WITHIN = timedelta(minutes=5)


def sweep() -> Counter[str]:
    """End what nobody came back to in time, and have recorded what was forgotten; return what was done. Idempotent.

    A session that cannot be looked after keeps no other waiting: what went wrong is raised at the end.
    """
    sessions = list(store.all_unsettled())
    shown = channels.get_many({session.channel_id for session in sessions})
    done: Counter[str] = Counter()
    faults = []
    for session in sessions:
        try:
            done[_look_after(session, is_allowed=session.channel_id in shown)] += 1
        except (StreamChangedMeanwhile, LeaseLost):
            # Somebody is at work on it, after all.
            done["busy"] += 1
        except Exception as fault:  # noqa: BLE001 -- raised below
            faults.append(fault)
    if faults:
        raise ExceptionGroup("sessions that could not be looked after", faults)
    return done


def _look_after(session: LiveSession, *, is_allowed: bool) -> str:
    at = now()
    if session.ended_at is not None:
        if at < session.ended_at + RECORDED_WITHIN:
            return "recording"
        announce(StreamEnded, session)
        return "announced"
    if session.is_over(at) or (session.is_end_asked and not session.is_held(at)):
        ending.end(session)
        return "ended"
    if not is_allowed and not session.is_end_asked:
        # Its channel is suspended or gone: the ingest reads that with its next beat.
        store.change(session, session.model_copy(update={"is_end_asked": True}))
        return "told to end"
    return "open"
