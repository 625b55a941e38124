"""What a viewer keeps."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from millrace.platform.ids import UserId, VideoId

PlaylistId = NewType("PlaylistId", str)

# A playlist is one item of 400 KB at most; an id takes some 30 bytes of it.
MAX_PLAYLIST_VIDEOS = 1000
HISTORY_KEPT = timedelta(days=365)


class Shelf(StrEnum):
    """A list of one person's that holds each video once."""

    HISTORY = "history"
    LATER = "later"


class PlaylistVisibility(StrEnum):
    """Who may see a playlist; each video in it has a visibility of its own."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Entry:
    """A video on a shelf, since when, and how far it was watched."""

    video_id: VideoId
    at: datetime
    position_ms: int = 0


@dataclass(frozen=True, slots=True)
class Playlist:
    """Videos in the order of their owner; `version` counts the changes."""

    playlist_id: PlaylistId
    owner_id: UserId
    title: str
    description: str
    visibility: PlaylistVisibility
    video_ids: tuple[VideoId, ...]
    version: int
    created_at: datetime
    changed_at: datetime
