"""The audit log: entries are added and read, and nothing here or in the function's role changes or removes one.

    access pattern                            request
    add an entry                              PutItem, which must be absent
    all entries, newest first                 Query log and entry_id descending
    what was done to somebody, newest first   Query by_target: target and entry_id descending
    what somebody did, newest first           Query by_actor: actor_id and entry_id descending

`entry_id` sorts by time. All entries share one partition: administration adds some a minute, a partition takes
a thousand a second and any number in all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from millrace.administration.errors import AuditUnavailable
from millrace.administration.model import Action, Entry, Target, TargetKind
from millrace.platform import settings
from millrace.platform.ids import AuditEntryId, UserId
from millrace.platform.store import Deadlines

_LOG = "audit"


class _ByTarget(GlobalSecondaryIndex["_EntryItem"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_target"
        projection = AllProjection()

    target = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)


class _ByActor(GlobalSecondaryIndex["_EntryItem"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_actor"
        projection = AllProjection()

    actor_id = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)


class _EntryItem(Model):
    class Meta(Deadlines):
        """Set on first use."""

    log = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)
    actor_id = UnicodeAttribute()
    action = UnicodeAttribute()
    target = UnicodeAttribute()
    reason = UnicodeAttribute()
    details = JSONAttribute()
    ordered_at = UTCDateTimeAttribute()
    by_target = _ByTarget()
    by_actor = _ByActor()


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, newest first, and the one after which the next page begins; None at the end."""

    entries: Sequence[Entry]
    last: AuditEntryId | None


def add(entry: Entry) -> None:
    """Write an entry; raises AuditUnavailable."""
    table = _table()
    item = table(
        _LOG,
        entry.entry_id,
        actor_id=entry.actor_id,
        action=entry.action.value,
        target=_target_key(entry.target),
        reason=entry.reason,
        details={name: list(values) for name, values in entry.details.items()},
        ordered_at=entry.ordered_at,
    )
    with _translated():
        item.save(condition=table.entry_id.does_not_exist())


def newest(limit: int, after: AuditEntryId | None) -> EntryPage:
    """Return a page of all entries."""
    start = _start({}, after)
    with _translated():
        return _page(
            _table().query(_LOG, scan_index_forward=False, limit=limit, last_evaluated_key=start, consistent_read=True)
        )


def of_target(target: Target, limit: int, after: AuditEntryId | None) -> EntryPage:
    """Return a page of what was done to somebody; the very last entry may be missing for a moment."""
    _table()
    key = _target_key(target)
    start = _start({"target": key}, after)
    with _translated():
        return _page(_EntryItem.by_target.query(key, scan_index_forward=False, limit=limit, last_evaluated_key=start))


def of_actor(actor_id: UserId, limit: int, after: AuditEntryId | None) -> EntryPage:
    """Return a page of what somebody did; the very last entry may be missing for a moment."""
    _table()
    start = _start({"actor_id": actor_id}, after)
    with _translated():
        return _page(
            _EntryItem.by_actor.query(actor_id, scan_index_forward=False, limit=limit, last_evaluated_key=start)
        )


def _start(index_key: dict[str, str], after: AuditEntryId | None) -> dict[str, dict[str, str]] | None:
    if after is None:
        return None
    return {name: {"S": value} for name, value in {**index_key, "log": _LOG, "entry_id": after}.items()}


def _page(found: Any) -> EntryPage:
    entries = [_entry(item) for item in found]
    return EntryPage(entries, entries[-1].entry_id if found.last_evaluated_key else None)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise AuditUnavailable from error


@cache
def _table() -> type[_EntryItem]:
    _EntryItem.Meta.table_name = settings.require("AUDIT_TABLE")
    return _EntryItem


def _target_key(target: Target) -> str:
    return f"{target.kind}:{target.target_id}"


def _entry(item: _EntryItem) -> Entry:
    kind, _, target_id = item.target.partition(":")
    return Entry(
        entry_id=AuditEntryId(item.entry_id),
        actor_id=UserId(item.actor_id),
        action=Action(item.action),
        target=Target(TargetKind(kind), target_id),
        reason=item.reason,
        ordered_at=item.ordered_at,
        details=item.details,
    )
