"""What clients of clips send and get."""

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field

from millrace.live.clips.model import MAX_DURATION_S, MAX_TITLE_CHARS, Clip
from millrace.platform.http import Input, Output
from millrace.platform.ids import ChannelId, ClipId, LiveSessionId, UserId
from millrace.platform.text import one_line


class ClipDraft(Input):
    """Which piece of a stream to keep."""

    title: Annotated[str, Field(max_length=MAX_TITLE_CHARS), AfterValidator(one_line)] = ""
    starts_at: Annotated[
        AwareDatetime | None,
        Field(description="When it was streamed, as EXT-X-PROGRAM-DATE-TIME says; null: as late as possible."),
    ] = None
    duration_s: Annotated[int, Field(ge=1, le=MAX_DURATION_S)] = 30


class ClipView(Output):
    """A clip; its segments are whole, so it begins a little earlier and ends a little later than was asked for."""

    clip_id: ClipId
    session_id: LiveSessionId
    channel_id: ChannelId
    author_id: UserId
    title: str
    starts_at: AwareDatetime
    duration_ms: int
    created_at: AwareDatetime
    hls_url: str
    dash_url: str

    @classmethod
    def of(cls, clip: Clip, base_url: str) -> Self:
        """Show a clip."""
        same = set(cls.model_fields) & set(Clip.model_fields)
        return cls(
            **{name: getattr(clip, name) for name in same},
            hls_url=base_url + "main.m3u8",
            dash_url=base_url + "manifest.mpd",
        )


class ClipFile(Output):
    """A clip as one file."""

    clip_id: ClipId
    url: str
