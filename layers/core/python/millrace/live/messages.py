"""What clients of live streams send and get. Texts are plain, never HTML."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from millrace.live.advice import advice
from millrace.live.health import Health
from millrace.live.model import LiveSession, SessionState
from millrace.live.watching import Playback
from millrace.platform.errors import Invalid
from millrace.platform.http import Input, Output, Page, decode_cursor, encode_cursor
from millrace.platform.ids import ChannelId, LiveSessionId, UserId, VideoId, is_id
from millrace.platform.site import public_url
from millrace.videos.details import Category, Description, Title
from millrace.videos.model import Visibility


class LiveList(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None

    def after(self) -> str | None:
        """Return the id that the page before ended with; a cursor that is not ours raises Invalid."""
        key = decode_cursor(self.cursor)
        if key is None:
            return None
        after = key.get("after")
        if not isinstance(after, str) or not is_id(after):
            raise Invalid("cursor", "This cursor is not one that a list gave out.")
        return after


def cursor_of(last: str | None) -> str | None:
    """Return the cursor of the page behind an id; None, the end, stays None."""
    return encode_cursor({"after": last} if last else None)


class StreamView(Output):
    """A live stream; addresses are null until it can be watched."""

    session_id: LiveSessionId
    channel_id: ChannelId
    video_id: VideoId
    """The video that its recording becomes when it ends."""
    title: str
    description: str
    category: Category | None
    state: SessionState
    visibility: Visibility
    is_test: bool
    started_at: AwareDatetime
    live_at: AwareDatetime | None
    interrupted_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    reconnect_window_s: int
    tracks: tuple[str, ...]
    hls_url: str | None
    plain_hls_url: str | None
    """For players that know nothing of low latency."""
    dash_url: str | None
    is_kept: bool | None
    """Whether a recording stays; told to the owner alone."""
    is_end_asked: bool | None
    """Told to the owner alone."""

    @classmethod
    def of(cls, session: LiveSession, viewer_id: UserId | None) -> Self:
        """Show a stream to somebody."""
        is_owner = viewer_id == session.owner_id
        base = f"{public_url()}/live/{session.home}/{session.session_id}/" if session.live_at else None
        same = set(cls.model_fields) & set(LiveSession.model_fields)
        own = {"is_kept", "is_end_asked"}
        return cls.model_validate(
            {
                **{name: getattr(session, name) for name in same - own},
                **{name: getattr(session, name) if is_owner else None for name in own},
                "hls_url": base and base + "main.m3u8",
                "plain_hls_url": base and base + "plain.m3u8",
                "dash_url": base and base + "manifest.mpd",
            }
        )


class StreamChanges(Input):
    """What to change of a stream; what is left out stays."""

    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    category: Category | None = None
    is_kept: bool = Field(default_factory=bool, description="Whether a recording stays when it ends.")

    def apply(self, session: LiveSession) -> LiveSession:
        """Return the stream with what was given."""
        return session.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


class ChannelLive(Output):
    """What a channel streams now; null where it is offline."""

    channel_id: ChannelId
    stream: StreamView | None
    test_stream: StreamView | None
    """Told to the owner alone."""


class AdviceView(Output):
    """What the streamer could do better, in one sentence."""

    code: str
    message: str
    is_warning: bool
    """Whether viewers notice."""


class HealthView(Output):
    """How a stream is doing, and what its streamer could do better; health is null until it was measured."""

    session_id: LiveSessionId
    state: SessionState
    health: Health | None
    advice: tuple[AdviceView, ...]

    @classmethod
    def of(cls, session: LiveSession) -> Self:
        """Show how a stream is doing."""
        found = advice(session.health) if session.health else ()
        return cls(
            session_id=session.session_id,
            state=session.state,
            health=session.health,
            advice=tuple(
                AdviceView(code=each.code, message=each.message, is_warning=each.is_warning) for each in found
            ),
        )


class PlaybackView(Output):
    """Where a stream is watched, and until when the cookies that came with this open it; null: none are needed."""

    session_id: LiveSessionId
    state: SessionState
    hls_url: str
    plain_hls_url: str
    dash_url: str
    expires_at: AwareDatetime | None

    @classmethod
    def of(cls, granted: Playback) -> Self:
        """Show what was granted."""
        return cls(
            session_id=granted.session.session_id,
            state=granted.session.state,
            hls_url=granted.base_url + "main.m3u8",
            plain_hls_url=granted.base_url + "plain.m3u8",
            dash_url=granted.base_url + "manifest.mpd",
            expires_at=granted.expires_at,
        )


Streams = Page[StreamView]
