"""What the API takes and gives about a viewer's library."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from millrace.library import service
from millrace.library.model import MAX_PLAYLIST_VIDEOS, Playlist, PlaylistId, PlaylistVisibility, Shelf
from millrace.library.playlists import service as playlists
from millrace.platform.caller import Caller
from millrace.platform.errors import Invalid
from millrace.platform.http import Input, Output, Page, decode_cursor, encode_cursor
from millrace.platform.ids import UserId, VideoId, is_id
from millrace.videos import service as videos
from millrace.videos.details import Description, Title
from millrace.videos.messages import VideoCard

FOREIGN = "This cursor is not one that a list gave out."
WEEK_MS = 7 * 24 * 3600 * 1000


class Progress(Input):
    """How far a video was watched."""

    position_ms: Annotated[int, Field(ge=0, le=WEEK_MS)] = 0


class Placement(Input):
    """Where in a playlist."""

    position: Annotated[
        int | None, Field(ge=0, le=MAX_PLAYLIST_VIDEOS, description="Counted from 0; the end, if left out.")
    ] = None


class PlaylistDraft(Input):
    """A new playlist."""

    title: Title
    description: Description = ""
    visibility: PlaylistVisibility = PlaylistVisibility.PRIVATE


class PlaylistChanges(Input):
    """What to change of a playlist; what is left out stays."""

    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    visibility: PlaylistVisibility = Field(default_factory=lambda: PlaylistVisibility.PRIVATE)

    def apply(self, playlist: Playlist) -> Playlist:
        """Return the playlist with what was given."""
        given = self.model_fields_set
        return replace(
            playlist,
            title=self.title if "title" in given else playlist.title,
            description=self.description if "description" in given else playlist.description,
            visibility=self.visibility if "visibility" in given else playlist.visibility,
        )


class LibraryList(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None


class EntryView(Output):
    """A video on a shelf; `video` is null when it can no longer be seen."""

    video_id: VideoId
    at: AwareDatetime
    position_ms: int
    video: VideoCard | None


class PlaylistView(Output):
    """A playlist; its videos are a list of their own."""

    playlist_id: PlaylistId
    owner_id: UserId
    title: str
    description: str
    visibility: PlaylistVisibility
    video_count: int
    version: int
    created_at: AwareDatetime
    changed_at: AwareDatetime

    @classmethod
    def of(cls, playlist: Playlist) -> Self:
        """Show a playlist."""
        return cls(
            playlist_id=playlist.playlist_id,
            owner_id=playlist.owner_id,
            title=playlist.title,
            description=playlist.description,
            visibility=playlist.visibility,
            video_count=len(playlist.video_ids),
            version=playlist.version,
            created_at=playlist.created_at,
            changed_at=playlist.changed_at,
        )


class PlaylistEntry(Output):
    """A video of a playlist; `video` is null when it can no longer be seen."""

    video_id: VideoId
    position: int
    video: VideoCard | None


def shelf_page(caller: Caller, shelf: Shelf, query: LibraryList) -> Page[EntryView]:
    """Show a page of a shelf."""
    found = service.page(caller.user_id, shelf, query.limit, _shelf_place(query.cursor))
    seen = videos.get_visible([entry.video_id for entry in found.entries], caller)
    items = tuple(
        EntryView(
            video_id=entry.video_id,
            at=entry.at,
            position_ms=entry.position_ms,
            video=VideoCard.of(seen.get(entry.video_id)),
        )
        for entry in found.entries
    )
    last = {"video": found.last.video_id, "at": found.last.at.isoformat()} if found.last else None
    return Page[EntryView](items=items, next_cursor=encode_cursor(last))


def own_playlists(caller: Caller, query: LibraryList) -> Page[PlaylistView]:
    """Show a page of somebody's own playlists."""
    key = decode_cursor(query.cursor)
    found, last = playlists.page(caller.user_id, query.limit, PlaylistId(_id_in(key, "after")) if key else None)
    items = tuple(PlaylistView.of(playlist) for playlist in found)
    return Page[PlaylistView](items=items, next_cursor=encode_cursor({"after": last} if last else None))


def playlist_page(playlist: Playlist, caller: Caller | None, query: LibraryList) -> Page[PlaylistEntry]:
    """Show a page of a playlist's videos in their order."""
    start = _playlist_place(playlist, query.cursor)
    wanted = playlist.video_ids[start : start + query.limit]
    seen = videos.get_visible(wanted, caller)
    items = tuple(
        PlaylistEntry(video_id=video_id, position=start + index, video=VideoCard.of(seen.get(video_id)))
        for index, video_id in enumerate(wanted)
    )
    end = start + len(wanted)
    last = {"after": wanted[-1], "position": end} if wanted and end < len(playlist.video_ids) else None
    return Page[PlaylistEntry](items=items, next_cursor=encode_cursor(last))


def _shelf_place(cursor: str | None) -> tuple[VideoId, datetime] | None:
    key = decode_cursor(cursor)
    if key is None:
        return None
    try:
        at = datetime.fromisoformat(str(key.get("at")))
    except ValueError as error:
        raise Invalid("cursor", FOREIGN) from error
    if at.tzinfo is None:
        raise Invalid("cursor", FOREIGN)
    return VideoId(_id_in(key, "video")), at


def _playlist_place(playlist: Playlist, cursor: str | None) -> int:
    """Return where the page begins: behind the video that the page before ended with, if it is still there."""
    key = decode_cursor(cursor)
    if key is None:
        return 0
    after, position = _id_in(key, "after"), key.get("position")
    if after in playlist.video_ids:
        return playlist.video_ids.index(VideoId(after)) + 1
    if not isinstance(position, int) or position < 0:
        raise Invalid("cursor", FOREIGN)
    return position


def _id_in(key: dict[str, object], name: str) -> str:
    value = key.get(name)
    if not isinstance(value, str) or not is_id(value):
        raise Invalid("cursor", FOREIGN)
    return value
