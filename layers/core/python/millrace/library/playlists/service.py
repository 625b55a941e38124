"""Use cases of playlists."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from millrace.library.errors import PlaylistChangedMeanwhile, PlaylistFull, PlaylistGone
from millrace.library.model import MAX_PLAYLIST_VIDEOS, Playlist, PlaylistId, PlaylistVisibility
from millrace.library.playlists import store
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import UserId, VideoId, new_id
from millrace.videos import service as videos

# How often to look again when the playlist is changed at the same moment.
TRIES = 5
PAGE = 100


def create(owner_id: UserId, title: str, description: str, visibility: PlaylistVisibility) -> Playlist:
    """Make an empty playlist."""
    playlist = Playlist(
        playlist_id=PlaylistId(new_id()),
        owner_id=owner_id,
        title=title,
        description=description,
        visibility=visibility,
        video_ids=(),
        version=1,
        created_at=now(),
        changed_at=now(),
    )
    store.create(playlist)
    return playlist


def visible(playlist_id: PlaylistId, caller: Caller | None) -> Playlist:
    """Return a playlist that the caller may see; raises PlaylistGone."""
    playlist = store.get(playlist_id)
    is_owner = caller is not None and caller.user_id == playlist.owner_id
    if playlist.visibility is PlaylistVisibility.PRIVATE and not is_owner:
        raise PlaylistGone(playlist_id)
    return playlist


def page(owner_id: UserId, limit: int, after: PlaylistId | None) -> tuple[Sequence[Playlist], PlaylistId | None]:
    """Return a page of an owner's playlists, newest first."""
    return store.by_owner(owner_id, limit, after)


def change(playlist_id: PlaylistId, owner_id: UserId, apply: Callable[[Playlist], Playlist]) -> Playlist:
    """Change an owner's playlist; raises PlaylistGone or PlaylistChangedMeanwhile. Natural to repeat."""
    for _ in range(TRIES):
        before = store.get(playlist_id)
        if before.owner_id != owner_id:
            raise PlaylistGone(playlist_id)
        after = apply(before)
        if after == before:
            return before
        changed = store.change(before, replace(after, changed_at=now()))
        if changed is not None:
            return changed
    raise PlaylistChangedMeanwhile


def put_video(playlist_id: PlaylistId, caller: Caller, video_id: VideoId, position: int | None) -> Playlist:
    """Put a video at a position, counted from 0, or at the end; one that is there already moves, or stays.

    Raises VideoGone, PlaylistGone or PlaylistFull.
    """
    videos.visible(video_id, caller)

    def placed(playlist: Playlist) -> Playlist:
        if position is None and video_id in playlist.video_ids:
            return playlist
        others = [other for other in playlist.video_ids if other != video_id]
        if len(others) >= MAX_PLAYLIST_VIDEOS:
            raise PlaylistFull(MAX_PLAYLIST_VIDEOS)
        others.insert(len(others) if position is None else position, video_id)
        return replace(playlist, video_ids=tuple(others))

    return change(playlist_id, caller.user_id, placed)


def take_video(playlist_id: PlaylistId, owner_id: UserId, video_id: VideoId) -> Playlist:
    """Take a video out of a playlist; natural to repeat. Raises PlaylistGone."""
    return change(
        playlist_id,
        owner_id,
        lambda playlist: replace(playlist, video_ids=tuple(other for other in playlist.video_ids if other != video_id)),
    )


def remove(playlist_id: PlaylistId, owner_id: UserId) -> None:
    """Remove an owner's playlist; raises PlaylistGone."""
    if not store.remove(playlist_id, owner_id):
        raise PlaylistGone(playlist_id)


def forget_user(owner_id: UserId) -> None:
    """Remove all playlists of an account that ends. Natural to repeat."""
    after: PlaylistId | None = None
    while True:
        playlists, after = store.by_owner(owner_id, PAGE, after)
        for playlist in playlists:
            store.remove(playlist.playlist_id, owner_id)
        if after is None:
            return
