"""The table of clips.

access pattern                      request
make a clip                         PutItem, absent
one clip                            GetItem clip_id
a stream's clips, newest first      Query by_session: session_id, clip_id descending
forget a clip                       DeleteItem
forget a stream's clips             Query by_session; DeleteItem each
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from millrace.live.clips.model import Clip
from millrace.live.errors import ClipGone, LiveUnavailable
from millrace.platform import settings
from millrace.platform.ids import ClipId, LiveSessionId
from millrace.platform.store import Deadlines


class _BySession(GlobalSecondaryIndex["_Item"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_session"
        projection = AllProjection()

    session_id = UnicodeAttribute(hash_key=True)
    clip_id = UnicodeAttribute(range_key=True)


class _Item(Model):
    class Meta(Deadlines):
        """Set on first use."""

    clip_id = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute()
    data = JSONAttribute()
    by_session = _BySession()


@dataclass(frozen=True, slots=True)
class ClipPage:
    """Some clips, and the one after which the next page begins; None at the end."""

    clips: Sequence[Clip]
    last: ClipId | None


def create(clip: Clip) -> None:
    """Store a new clip; its id must be fresh."""
    item = _table()(clip.clip_id, session_id=clip.session_id, data=clip.model_dump(mode="json"))
    with _translated():
        item.save(condition=_Item.clip_id.does_not_exist())


def get(clip_id: ClipId) -> Clip:
    """Return a clip; raises ClipGone."""
    with _translated():
        try:
            return Clip.model_validate(_table().get(clip_id, consistent_read=True).data)
        except DoesNotExist as error:
            raise ClipGone(clip_id) from error


def of_session(session_id: LiveSessionId, limit: int, after: ClipId | None) -> ClipPage:
    """Return a page of a stream's clips, newest first."""
    _table()
    key: dict[str, dict[str, Any]] | None = None
    if after is not None:
        key = {"session_id": {"S": session_id}, "clip_id": {"S": after}}
    with _translated():
        found = _Item.by_session.query(
            session_id, scan_index_forward=False, limit=limit, page_size=limit, last_evaluated_key=key
        )
        clips = [Clip.model_validate(item.data) for item in found]
        return ClipPage(clips, clips[-1].clip_id if clips and found.last_evaluated_key else None)


def remove(clip_id: ClipId) -> None:
    """Forget a clip. Natural to repeat."""
    with _translated():
        _table()(clip_id).delete()


def remove_all(session_id: LiveSessionId) -> None:
    """Forget a stream's clips. Natural to repeat."""
    table = _table()
    with _translated():
        for item in list(_Item.by_session.query(session_id)):
            table(item.clip_id).delete()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise LiveUnavailable from error


@cache
def _table() -> type[_Item]:
    _Item.Meta.table_name = settings.require("CLIPS_TABLE")
    return _Item
