"""The table of playlists. A playlist is one item: its order is changed as a whole, or not at all.

access pattern                         request
one playlist                           GetItem playlist_id
an owner's playlists, newest first     Query by_owner: owner_id, playlist_id descending
a change                               PutItem, its version must be the one that was read
remove one                             DeleteItem, the owner's only
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from millrace.library.errors import LibraryUnavailable, PlaylistGone
from millrace.library.model import Playlist, PlaylistId, PlaylistVisibility
from millrace.platform import settings
from millrace.platform.ids import UserId, VideoId
from millrace.platform.store import Deadlines


class _ByOwner(GlobalSecondaryIndex["_PlaylistItem"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    playlist_id = UnicodeAttribute(range_key=True)


class _PlaylistItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    playlist_id = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    title = UnicodeAttribute()
    description = UnicodeAttribute()
    visibility = UnicodeAttribute()
    video_ids = JSONAttribute()
    version = NumberAttribute()
    created_at = UTCDateTimeAttribute()
    changed_at = UTCDateTimeAttribute()
    by_owner = _ByOwner()


def create(playlist: Playlist) -> None:
    """Store a new playlist."""
    with _translated():
        _item(playlist).save(condition=_table().playlist_id.does_not_exist())


def get(playlist_id: PlaylistId) -> Playlist:
    """Return the playlist; raises PlaylistGone."""
    with _translated():
        try:
            return _playlist(_table().get(playlist_id, consistent_read=True))
        except DoesNotExist as error:
            raise PlaylistGone(playlist_id) from error


def change(before: Playlist, after: Playlist) -> Playlist | None:
    """Replace the playlist; None if somebody else was faster, or removed it."""
    counted = replace(after, version=before.version + 1)
    with _translated():
        try:
            _item(counted).save(condition=_PlaylistItem.version == before.version)
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return None
            raise
    return counted


def remove(playlist_id: PlaylistId, owner_id: UserId) -> bool:
    """Remove an owner's playlist; False if there is none."""
    with _translated():
        try:
            _table()(playlist_id).delete(condition=_PlaylistItem.owner_id == owner_id)
        except DeleteError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
    return True


def by_owner(owner_id: UserId, limit: int, after: PlaylistId | None) -> tuple[Sequence[Playlist], PlaylistId | None]:
    """Return a page of an owner's playlists, newest first, and the one after which the next page begins."""
    _table()
    key: dict[str, dict[str, Any]] | None = None
    if after is not None:
        key = {"owner_id": {"S": owner_id}, "playlist_id": {"S": after}}
    with _translated():
        found = _PlaylistItem.by_owner.query(owner_id, scan_index_forward=False, limit=limit, last_evaluated_key=key)
        playlists = [_playlist(item) for item in found]
        return playlists, playlists[-1].playlist_id if playlists and found.last_evaluated_key else None


@cache
def _table() -> type[_PlaylistItem]:
    _PlaylistItem.Meta.table_name = settings.require("PLAYLISTS_TABLE")
    return _PlaylistItem


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise LibraryUnavailable from error


def _item(playlist: Playlist) -> _PlaylistItem:
    return _table()(
        playlist.playlist_id,
        owner_id=playlist.owner_id,
        title=playlist.title,
        description=playlist.description,
        visibility=playlist.visibility.value,
        video_ids=list(playlist.video_ids),
        version=playlist.version,
        created_at=playlist.created_at,
        changed_at=playlist.changed_at,
    )


def _playlist(item: _PlaylistItem) -> Playlist:
    return Playlist(
        playlist_id=PlaylistId(item.playlist_id),
        owner_id=UserId(item.owner_id),
        title=item.title,
        description=item.description,
        visibility=PlaylistVisibility(item.visibility),
        video_ids=tuple(VideoId(video_id) for video_id in item.video_ids),
        version=int(item.version),
        created_at=item.created_at,
        changed_at=item.changed_at,
    )
