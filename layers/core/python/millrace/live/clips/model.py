"""What a clip is."""

from pydantic import AwareDatetime

from millrace.live.places import LivePlace
from millrace.platform.ids import ChannelId, ClipId, LiveSessionId, UserId, VideoId
from millrace.videos.fact import Fact
from millrace.videos.model import Home

MAX_DURATION_S = 60
MAX_TITLE_CHARS = 100


class Clip(Fact):
    """A short piece of a stream: playlists over the stream's own segments."""

    clip_id: ClipId
    session_id: LiveSessionId
    video_id: VideoId
    channel_id: ChannelId
    owner_id: UserId
    """Whose stream it is."""
    author_id: UserId
    title: str
    starts_at: AwareDatetime
    """When its first segment was streamed."""
    duration_ms: int
    period: int
    first_segment: int
    last_segment: int
    tracks: tuple[str, ...]
    """Best picture first; the sound, if there is any, last."""
    created_at: AwareDatetime

    def folder(self, home: Home) -> str:
        """Where its playlists lie, beside the segments: whatever moves or removes those moves or removes it."""
        return f"{LivePlace(home, self.video_id, self.session_id).prefix}clips/{self.clip_id}/"
