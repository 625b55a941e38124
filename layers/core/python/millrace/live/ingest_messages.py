"""What ingests send, and what they get."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from millrace.live.health import Health
from millrace.live.ingesting import Beat, Grant
from millrace.live.model import LiveSession, SessionState
from millrace.platform.http import Input, Output
from millrace.platform.ids import ChannelId, LiveSessionId, VideoId
from millrace.videos.model import Home

Epoch = Annotated[int, Field(ge=1, description="Under which the ingest holds the session.")]
TrackName = Annotated[str, Field(pattern=r"^(audio|video_[a-z0-9]{1,16})$")]


class SessionWish(Input):
    """A publisher has come with a stream key."""

    stream_key: Annotated[str, Field(max_length=100, repr=False)]
    ingest_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
    client: Annotated[str, Field(max_length=120, description="What the publisher says it is.")] = ""


class GrantView(Output):
    """A session that the ingest holds, and where it goes on."""

    session_id: LiveSessionId
    channel_id: ChannelId
    video_id: VideoId
    home: Home
    is_test: bool
    title: str
    epoch: int
    lease_until: AwareDatetime
    period: int
    """The period that the ingest begins."""
    next_segment: int
    next_part: dict[str, int]
    """By track; one that is not named here begins with `first_part`."""
    first_part: int
    part_target_ms: int
    segment_target_s: int
    reconnect_window_s: int

    @classmethod
    def of(cls, grant: Grant) -> "GrantView":
        """Write a grant."""
        session = grant.session
        return cls(
            session_id=session.session_id,
            channel_id=session.channel_id,
            video_id=session.video_id,
            home=session.home,
            is_test=session.is_test,
            title=session.title,
            epoch=session.epoch,
            lease_until=session.lease_until,
            period=grant.period,
            next_segment=grant.next_segment,
            next_part=dict(grant.next_part),
            first_part=grant.first_part,
            part_target_ms=session.part_target_ms,
            segment_target_s=session.segment_target_s,
            reconnect_window_s=session.reconnect_window_s,
        )


class BeatInput(Input):
    """The ingest is at work; sent every two to five seconds, and at once when `has_media` or the tracks change."""

    epoch: Epoch
    has_media: bool
    """Whether parts of every track of the present period are stored and shown: viewers can watch."""
    tracks: Annotated[tuple[TrackName, ...], Field(max_length=12)] = ()
    health: Health | None = None

    def told(self) -> Beat:
        """Return what it tells."""
        return Beat(self.epoch, self.has_media, self.tracks, self.health)


class Held(Input):
    """Under which epoch the ingest holds the session."""

    epoch: Epoch


class BeatView(Output):
    """What the ingest does next."""

    command: Literal["go_on", "end"]
    title: str
    state: SessionState
    lease_until: AwareDatetime

    @classmethod
    def of(cls, session: LiveSession) -> "BeatView":
        """Write what the session wants of its ingest."""
        command: Literal["go_on", "end"] = "end" if session.is_end_asked or session.has_ended else "go_on"
        return cls(command=command, title=session.title, state=session.state, lease_until=session.lease_until)
