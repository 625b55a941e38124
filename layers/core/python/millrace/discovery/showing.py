"""Show what was found: only what may be seen at this moment, whatever an index says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from millrace.channels import service as channels
from millrace.channels.model import Channel
from millrace.platform.clock import now
from millrace.platform.ids import ChannelId, VideoId
from millrace.videos import service as videos
from millrace.videos.model import Video

# Names and pictures of channels may be so old, and so long a suspended account's videos may still be listed.
CHANNELS_KEPT = timedelta(seconds=10)
MAX_CHANNELS_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Card:
    """A video in a list, with its channel."""

    video: Video
    channel: Channel | None


def cards(video_ids: Sequence[VideoId]) -> dict[VideoId, Card]:
    """Return those of the videos that anybody may see now, each with its channel: one request or two."""
    found = videos.get_public(video_ids)
    known = _channels({ChannelId(video.channel_id) for video in found.values() if video.channel_id})
    shown = {}
    for video_id, video in found.items():
        channel = known.get(ChannelId(video.channel_id)) if video.channel_id else None
        # A hidden channel hides its videos.
        if channel is not None or not video.channel_id:
            shown[video_id] = Card(video, channel)
    return shown


def _channels(wanted: Iterable[ChannelId]) -> dict[ChannelId, Channel]:
    kept, at = _kept(), now()
    ids = set(wanted)
    missing = {channel_id for channel_id in ids if channel_id not in kept or at - kept[channel_id][0] > CHANNELS_KEPT}
    if missing:
        if len(kept) + len(missing) > MAX_CHANNELS_KEPT:
            kept.clear()
            missing = ids
        found = channels.get_many(missing)
        kept.update({channel_id: (at, found.get(channel_id)) for channel_id in missing})
    return {channel_id: channel for channel_id in ids if (channel := kept[channel_id][1]) is not None}


@cache
def _kept() -> dict[ChannelId, tuple[datetime, Channel | None]]:
    return {}


def forget() -> None:
    """Drop what the container keeps; tests need it."""
    _kept.cache_clear()
