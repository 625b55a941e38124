"""What discovery knows of a video, and what it finds."""

import zlib
from dataclasses import dataclass
from datetime import datetime

from millrace.platform.ids import ChannelId, VideoId

# Room for so many videos published in one millisecond to keep an order, the same one everywhere.
_TIE_BITS = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed video as it stands in the index."""

    video_id: VideoId
    title: str
    tags: tuple[str, ...]
    description: str
    channel_id: ChannelId | None
    channel_name: str
    category: str | None
    published_at: datetime

    @property
    def position(self) -> int:
        """Return its place in lists by time: later is greater, and no two are the same."""
        tie = zlib.crc32(self.video_id.encode()) >> (32 - _TIE_BITS)
        return (int(self.published_at.timestamp() * 1000) << _TIE_BITS) | tie


@dataclass(frozen=True, slots=True)
class Hit:
    """A video that was found, and its place in lists by time. Whether it may be shown is asked when it is shown."""

    video_id: VideoId
    position: int


def age_days(position: int, at: datetime) -> float:
    """Return how long before that moment a video at this place was published."""
    return max(0.0, at.timestamp() - (position >> _TIE_BITS) / 1000) / 86400


@dataclass(frozen=True, slots=True)
class Change:
    """Word that something about a video, or about all videos of a channel, may have changed."""

    change_id: str
    video_id: VideoId | None = None
    channel_id: ChannelId | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stored index: every change before `covers_until` is in it."""

    snapshot_id: str
    layout: str
    covers_until: datetime
    video_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The videos that are trending at one moment, first to last. It never changes; a later one takes its place."""

    ranking_id: str
    video_ids: tuple[VideoId, ...]
