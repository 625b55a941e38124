"""What ingests do: open a session for a publisher, keep it by beats, interrupt and end it.

Every call names the epoch under which the ingest holds the session; one that has lost it hears LeaseLost and stops.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from millrace.channels.model import Channel
from millrace.channels.stream_keys.service import channel_of_stream_key
from millrace.live import ending, store
from millrace.live.announcing import announce
from millrace.live.edge import store as edge_store
from millrace.live.edge.model import PARTS_BETWEEN_INGESTS, Head
from millrace.live.errors import AlreadyLive, LeaseLost, StreamChangedMeanwhile
from millrace.live.health import Health
from millrace.live.model import LEASE, LiveSession, SessionState
from millrace.live.planned import begun, next_plan
from millrace.live.sealing import seal
from millrace.platform.clock import now
from millrace.platform.events import StreamInterrupted, StreamResumed, StreamStarted
from millrace.platform.ids import LiveSessionId, VideoId, new_id
from millrace.videos.model import Home, Visibility

# How often to look again when somebody else changes the session at the same moment.
TRIES = 5
TEST_MARK = "?test=1"


@dataclass(frozen=True, slots=True)
class Grant:
    """A session that an ingest holds from now on, and where it goes on."""

    session: LiveSession
    period: int
    next_segment: int
    next_part: Mapping[str, int]
    """By track; a track that has none yet begins with `first_part`."""
    first_part: int


def open_session(stream_key: str, ingest_id: str) -> Grant:
    """Begin a session of the key's channel, or go on with the one that waits for its publisher.

    Raises StreamKeyUnknown, ChannelSuspended, or AlreadyLive while another publisher sends. One that has fallen silent
    gives way at once.
    """
    key, is_test = read_key(stream_key)
    channel = channel_of_stream_key(key)
    for _ in range(TRIES):
        found = store.open_of(channel.channel_id, is_test=is_test)
        try:
            if found is None:
                return _begin(channel, ingest_id, is_test=is_test)
            if found.is_over(now()) or found.is_end_asked:
                ending.end(found)
            elif found.is_held(now(), by_others_than=ingest_id):
                raise AlreadyLive
            else:
                return _take_over(found, ingest_id)
        except (StreamChangedMeanwhile, LeaseLost):
            continue
    raise AlreadyLive


def read_key(text: str) -> tuple[str, bool]:
    """Return the key as such, and whether it asks for a test stream."""
    return text.removesuffix(TEST_MARK), text.endswith(TEST_MARK)


def _begin(channel: Channel, ingest_id: str, *, is_test: bool) -> Grant:
    session = _fresh(channel, ingest_id, is_test=is_test)
    head = Head(
        session_id=session.session_id,
        video_id=session.video_id,
        home=session.home,
        epoch=session.epoch,
        part_target_ms=session.part_target_ms,
        segment_target_s=session.segment_target_s,
    )
    # Before the session: an ingest that has one can write.
    edge_store.begin(head)
    store.create(session)
    begun(session.channel_id, session.scheduled_id)
    return Grant(session, period=0, next_segment=1, next_part={}, first_part=0)


def _fresh(channel: Channel, ingest_id: str, *, is_test: bool) -> LiveSession:
    """Make a session that says what the channel's plan, or its last stream, said."""
    plan = next_plan(channel, is_test=is_test)
    visibility = Visibility.PRIVATE if is_test else plan.visibility
    at = now()
    return LiveSession(
        session_id=LiveSessionId(new_id()),
        channel_id=channel.channel_id,
        owner_id=channel.owner_id,
        video_id=VideoId(new_id()),
        home=Home.PRIVATE if visibility is Visibility.PRIVATE else Home.PUBLIC,
        visibility=visibility,
        is_test=is_test,
        title=plan.title,
        description=plan.description,
        category=plan.category,
        scheduled_id=plan.scheduled_id,
        ingest_id=ingest_id,
        lease_until=at + LEASE,
        started_at=at,
    )


def _take_over(found: LiveSession, ingest_id: str) -> Grant:
    """Fence the former ingest off, close what it left open, and go on in a new period."""
    before = edge_store.shown(found.session_id)
    epoch = max(found.epoch, before.head.epoch) + 1
    session = store.change(
        found,
        _interrupted(found).model_copy(update=_holding(ingest_id, epoch)),
    )
    if found.state is SessionState.LIVE:
        announce(StreamInterrupted, session)
    has_begun = bool(before.periods or before.edges)
    period = before.head.period + 1 if has_begun else 0
    edge_store.fence(session.session_id, epoch, period)
    sealed = seal(session, epoch)
    return Grant(
        session,
        period=period,
        next_segment=sealed.head.last_segment + 1,
        next_part={name: edge.next_part + PARTS_BETWEEN_INGESTS for name, edge in sealed.edges.items()},
        first_part=PARTS_BETWEEN_INGESTS * (epoch - 1),
    )


def _holding(ingest_id: str, epoch: int) -> dict[str, object]:
    return {"ingest_id": ingest_id, "epoch": epoch, "lease_until": now() + LEASE, "is_confirmed": False}


@dataclass(frozen=True, slots=True)
class Beat:
    """What an ingest tells of a session every few seconds, and at once when something changes."""

    epoch: int
    has_media: bool
    """Whether parts of every track of the present period are stored and shown."""
    tracks: tuple[str, ...]
    health: Health | None


def beat(session_id: LiveSessionId, told: Beat) -> LiveSession:
    """Renew the lease, and return the session: its title may have changed, and its owner may want it to end.

    Raises LeaseLost.
    """

    def change(session: LiveSession) -> LiveSession:
        after = session.model_copy(
            update={
                "is_confirmed": True,
                "lease_until": now() + LEASE,
                "tracks": told.tracks,
                "health": told.health or session.health,
            }
        )
        return _flowing(after) if told.has_media else after

    before, after = _change(session_id, told.epoch, change)
    if after.state is not before.state:
        announce(StreamStarted if before.live_at is None else StreamResumed, after)
    return after


def _flowing(session: LiveSession) -> LiveSession:
    changes = {"state": SessionState.LIVE, "interrupted_at": None, "live_at": session.live_at or now()}
    return session.model_copy(update=changes)


def interrupt(session_id: LiveSessionId, epoch: int) -> LiveSession:
    """Note that the publisher is gone; whoever comes next takes over at once. Raises LeaseLost."""
    before, after = _change(
        session_id, epoch, lambda session: _interrupted(session).model_copy(update={"lease_until": now()})
    )
    if before.state is SessionState.LIVE:
        announce(StreamInterrupted, after)
    return after


def _interrupted(session: LiveSession) -> LiveSession:
    if session.state is not SessionState.LIVE:
        return session
    return session.model_copy(update={"state": SessionState.INTERRUPTED, "interrupted_at": now()})


def end_session(session_id: LiveSessionId, epoch: int) -> LiveSession:
    """End the session in the name of its ingest; natural to repeat. Raises LeaseLost."""
    session = store.get(session_id)
    if session.has_ended:
        return session
    if session.epoch != epoch:
        raise LeaseLost(session_id)
    return ending.end(session)


def _change(
    session_id: LiveSessionId, epoch: int, change: Callable[[LiveSession], LiveSession]
) -> tuple[LiveSession, LiveSession]:
    for _ in range(TRIES):
        before = store.get(session_id)
        if before.has_ended or before.epoch != epoch:
            raise LeaseLost(session_id)
        try:
            return before, store.change(before, change(before))
        except StreamChangedMeanwhile:
            continue
    raise StreamChangedMeanwhile
