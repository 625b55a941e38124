"""The table of shelves: history, and what to watch later.

item     key                               holds
entry    shelf "<shelf>#<user>", video_id  at, position_ms, expires_at (history only: DynamoDB forgets it then)

access pattern                   request
put a video on a shelf           PutItem: it is there once, however often it is put
take it off                      DeleteItem
a shelf, the latest first        Query by_time (local index, consistent): shelf, at descending
empty a shelf                    Query, BatchWriteItem
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.indexes import AllProjection, LocalSecondaryIndex
from pynamodb.models import Model

from millrace.library.errors import LibraryUnavailable
from millrace.library.model import HISTORY_KEPT, Entry, Shelf
from millrace.platform import settings
from millrace.platform.ids import UserId, VideoId
from millrace.platform.store import Deadlines


class _ByTime(LocalSecondaryIndex["_EntryItem"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_time"
        projection = AllProjection()

    shelf = UnicodeAttribute(hash_key=True)
    at = UTCDateTimeAttribute(range_key=True)


class _EntryItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    shelf = UnicodeAttribute(hash_key=True)
    video_id = UnicodeAttribute(range_key=True)
    at = UTCDateTimeAttribute()
    position_ms = NumberAttribute(default=0)
    expires_at = NumberAttribute(null=True)
    by_time = _ByTime()


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, and the one after which the next page begins; None at the end."""

    entries: Sequence[Entry]
    last: Entry | None


def put(user_id: UserId, shelf: Shelf, entry: Entry) -> None:
    """Put a video on a shelf; one that is there already moves to the front."""
    expires_at = int((entry.at + HISTORY_KEPT).timestamp()) if shelf is Shelf.HISTORY else None
    item = _table()(
        _key(user_id, shelf), entry.video_id, at=entry.at, position_ms=entry.position_ms, expires_at=expires_at
    )
    with _translated():
        item.save()


def take_off(user_id: UserId, shelf: Shelf, video_id: VideoId) -> None:
    """Take a video off a shelf; natural to repeat."""
    with _translated():
        _table()(_key(user_id, shelf), video_id).delete()


def page(user_id: UserId, shelf: Shelf, limit: int, after: tuple[VideoId, datetime] | None) -> EntryPage:
    """Return a page of a shelf, the latest first."""
    _table()
    key: dict[str, dict[str, Any]] | None = None
    if after is not None:
        at = _EntryItem.at.serialize(after[1])  # type: ignore[no-untyped-call]
        key = {"shelf": {"S": _key(user_id, shelf)}, "video_id": {"S": after[0]}, "at": {"S": at}}
    with _translated():
        found = _EntryItem.by_time.query(
            _key(user_id, shelf),
            scan_index_forward=False,
            limit=limit,
            last_evaluated_key=key,
            consistent_read=True,
        )
        entries = [Entry(VideoId(item.video_id), item.at, int(item.position_ms)) for item in found]
        return EntryPage(entries, entries[-1] if entries and found.last_evaluated_key else None)


def clear(user_id: UserId, shelf: Shelf) -> None:
    """Take everything off a shelf; natural to repeat."""
    table = _table()
    with _translated(), table.batch_write() as batch:
        for item in table.query(_key(user_id, shelf)):
            batch.delete(item)


def _key(user_id: UserId, shelf: Shelf) -> str:
    return f"{shelf}#{user_id}"


@cache
def _table() -> type[_EntryItem]:
    _EntryItem.Meta.table_name = settings.require("LIBRARY_TABLE")
    return _EntryItem


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise LibraryUnavailable from error
