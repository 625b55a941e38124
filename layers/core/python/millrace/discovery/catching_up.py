"""Bring an index up to date: look at what changed since, and hold what is true now.

A change says only where to look. What stands there is read when it is applied, so it does not matter how often,
in which order, or by how many functions changes are noted and applied.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice

from millrace.channels import service as channels
from millrace.channels.model import Channel
from millrace.discovery.index import Index
from millrace.discovery.model import Change, Entry
from millrace.platform.ids import ChannelId, VideoId
from millrace.videos import service as videos
from millrace.videos.model import Video

# How late a change may appear in the table behind one with a later id: clocks differ, requests are tried again,
# and an eventually consistent read lags a little. Far more than any of it takes.
OVERLAP = timedelta(seconds=60)
# A channel with more has its new name in search when the index is stored next.
MAX_VIDEOS_AT_ONCE = 200
# As many as are read from the videos' table in one request.
BATCH = 100


def catch_up(index: Index, changes: Iterable[Change]) -> None:
    """Hold what is true now of all that the changes tell of, within a request."""
    changed: set[VideoId] = set()
    for change in changes:
        of_change = changed_videos(index, change)
        if len(of_change) <= MAX_VIDEOS_AT_ONCE:
            changed |= of_change
    if changed:
        look_again(index, changed)


def look_again(index: Index, video_ids: Collection[VideoId], views: Mapping[VideoId, float] | None = None) -> None:
    """Hold what is true now of these videos."""
    present: list[Entry] = []
    for ids in batches(video_ids):
        present += entries_of(videos.get_public(ids).values())
    held = {entry.video_id for entry in present}
    index.apply(present, [video_id for video_id in video_ids if video_id not in held], dict(views or {}))


def batches(video_ids: Iterable[VideoId]) -> Iterator[list[VideoId]]:
    """Return the ids in lists that one request can ask for."""
    left = iter(video_ids)
    while ids := list(islice(left, BATCH)):
        yield ids


def entries_of(listed: Iterable[Video]) -> list[Entry]:
    """Return what the index keeps of videos, with the names of their channels."""
    found = list(listed)
    named = channels.get_many({ChannelId(video.channel_id) for video in found if video.channel_id})
    return [entry_of(video, named.get(ChannelId(video.channel_id or ""))) for video in found]


def entry_of(video: Video, channel: Channel | None) -> Entry:
    """Return what the index keeps of a video."""
    details = video.details
    return Entry(
        video_id=video.video_id,
        title=details.title,
        tags=details.tags,
        description=details.description,
        channel_id=ChannelId(video.channel_id) if video.channel_id else None,
        channel_name=f"{channel.name} {channel.handle}" if channel else "",
        category=details.category.value if details.category else None,
        published_at=video.published_at or video.created_at,
    )


def changed_videos(index: Index, change: Change) -> set[VideoId]:
    """Return the videos that a change is about."""
    of_channel = index.all_of_channel(change.channel_id) if change.channel_id else []
    return {*of_channel, change.video_id} if change.video_id else set(of_channel)
