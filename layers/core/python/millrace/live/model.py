"""What a live session is, and the states of its life.

    starting ─(first segment)→ live ─(publisher gone)→ interrupted ─(back)→ live … → ended

A session outlives its publisher and its ingest. Whoever ingests holds it by a lease that beats renew, and by an epoch
that counts those who held it: what is written in the name of a former epoch is refused. A publisher that comes back
within the window goes on with the same session, and with the same recording.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from millrace.live.health import Health
from millrace.live.places import LivePlace
from millrace.platform.ids import ChannelId, LiveSessionId, ScheduledStreamId, UserId, VideoId
from millrace.videos.details import Category
from millrace.videos.fact import Fact
from millrace.videos.model import Home, Visibility

PART_TARGET_MS = 334
SEGMENT_TARGET_S = 2
RECONNECT_WINDOW_S = 60
# An ingest beats every two to five seconds; one that misses that has lost the session to whoever asks.
LEASE = timedelta(seconds=6)
# Nothing has arrived for that long: the publisher is gone, though its connection still stands.
SILENT_MS = 6000
MAX_TITLE_CHARS = 200


class SessionState(StrEnum):
    """Where a session stands."""

    STARTING = "starting"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"


class LiveSession(Fact):
    """A live stream, from its first publisher to its end."""

    session_id: LiveSessionId
    channel_id: ChannelId
    owner_id: UserId
    video_id: VideoId
    home: Home
    visibility: Visibility
    is_test: bool = False
    """Seen by its owner alone, listed nowhere, and nothing of it stays."""
    title: str
    description: str = ""
    category: Category | None = None
    scheduled_id: ScheduledStreamId | None = None
    state: SessionState = SessionState.STARTING
    version: int = 1
    """Counts every change, an ingest's beats included."""
    edition: int = 1
    """Counts what its owner changed."""
    ingest_id: str
    is_confirmed: bool = False
    """Its ingest has beaten: it knows that it holds the session."""
    epoch: int = 1
    lease_until: AwareDatetime
    started_at: AwareDatetime
    live_at: AwareDatetime | None = None
    """When its first segment could be played."""
    interrupted_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    is_end_asked: bool = False
    """The owner wants it to end; the ingest reads this with its next beat."""
    tracks: tuple[str, ...] = ()
    part_target_ms: int = PART_TARGET_MS
    segment_target_s: int = SEGMENT_TARGET_S
    reconnect_window_s: int = RECONNECT_WINDOW_S
    health: Health | None = None
    is_kept: bool = True
    """Whether a recording stays of it."""
    is_recorded: bool = False
    """Its recording is a video, or will never be one."""
    is_forgotten: bool = False
    """Its channel is gone: it ends, and nothing of it stays, not even this."""

    @property
    def place(self) -> LivePlace:
        """Where its media lies."""
        return LivePlace(self.home, self.video_id, self.session_id)

    @property
    def has_ended(self) -> bool:
        """Whether nothing follows."""
        return self.state is SessionState.ENDED

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do."""
        return self.has_ended and self.is_recorded

    @property
    def is_listed(self) -> bool:
        """Whether anybody may find it."""
        return (
            self.state in {SessionState.LIVE, SessionState.INTERRUPTED}
            and self.visibility is Visibility.PUBLIC
            and not self.is_test
            and not self.is_forgotten
        )

    @property
    def is_open_to_all(self) -> bool:
        """Whether anybody who knows its address may watch."""
        return self.visibility is not Visibility.PRIVATE and not self.is_test

    def is_held(self, at: datetime, by_others_than: str | None = None) -> bool:
        """Whether an ingest is at work on it, and media flows.

        An ingest that asks again before it has beaten never heard our answer: the session waits for it.
        """
        if not self.is_confirmed and self.ingest_id == by_others_than:
            return False
        is_silent = self.health is not None and (self.health.silent_ms or 0) >= SILENT_MS
        return self.state in {SessionState.STARTING, SessionState.LIVE} and at < self.lease_until and not is_silent

    def is_over(self, at: datetime) -> bool:
        """Whether nobody came back in time; who asks ends it."""
        if self.has_ended:
            return False
        since = max(self.lease_until, self.interrupted_at or self.lease_until)
        return at >= since + timedelta(seconds=self.reconnect_window_s)
