"""The sessions table; the only module of sessions that speaks DynamoDB.

    access pattern                    request
    begin a session                   PutItem, must be absent
    use a refresh token               UpdateItem, the stored hash must be the presented one
    find out why that failed          GetItem
    list an account's sessions        Query user_id, newest first (ids sort by time)
    end one                           DeleteItem
    end all, or all but one           Query user_id, then BatchWriteItem

Key: `user_id` (HASH), `session_id` (RANGE). Time to live: `ends_at`, which is looked at
as well, because DynamoDB may be late.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import DoesNotExist, PynamoDBException, UpdateError
from pynamodb.models import Model

from millrace.accounts.errors import AccountsUnavailable
from millrace.accounts.sessions.model import Device, Session
from millrace.accounts.sessions.refresh_tokens import RefreshToken
from millrace.platform import settings
from millrace.platform.ids import UserId
from millrace.platform.store import Deadlines


class _SessionItem(Model):
    class Meta(Deadlines):
        """How the table answers."""

    user_id = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute(range_key=True)
    epoch = NumberAttribute()
    address = UnicodeAttribute(default="")
    user_agent = UnicodeAttribute(default="")
    created_at = UTCDateTimeAttribute()
    used_at = UTCDateTimeAttribute()
    ends_at = TTLAttribute()
    family_hash = UnicodeAttribute()
    secret_hash = UnicodeAttribute()
    previous_hash = UnicodeAttribute(default="")
    sealed_secret = BinaryAttribute(legacy_encoding=False, default=b"")


def create(session: Session) -> None:
    """Store a new session."""
    item = _sessions()(
        session.user_id,
        session.session_id,
        epoch=session.epoch,
        address=session.device.address,
        user_agent=session.device.user_agent,
        created_at=session.created_at,
        used_at=session.used_at,
        ends_at=session.expires_at,
        family_hash=session.family_hash,
        secret_hash=session.secret_hash,
    )
    with _translated():
        item.save(condition=_sessions().user_id.does_not_exist())


def rotate(presented: RefreshToken, successor: RefreshToken, *, at: datetime, until: datetime) -> Session | None:
    """Put the successor in place of the presented token; None where that is not the good one, or the session over."""
    model = _sessions()
    item = model(presented.user_id, presented.session_id)
    is_good = (model.secret_hash == presented.secret_hash) & (model.family_hash == presented.family_hash)
    with _translated():
        try:
            item.update(
                actions=[
                    model.secret_hash.set(successor.secret_hash),
                    model.previous_hash.set(presented.secret_hash),
                    model.sealed_secret.set(presented.seal(successor)),
                    model.used_at.set(at),
                    model.ends_at.set(until),
                ],
                condition=is_good & (model.ends_at > at),
            )
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return None
            raise
    return _session(item)


def find(user_id: UserId, session_id: str) -> Session | None:
    """Return the session, or None."""
    with _translated():
        try:
            return _session(_sessions().get(user_id, session_id, consistent_read=True))
        except DoesNotExist:
            return None


def page(user_id: UserId, limit: int, after: str | None = None) -> tuple[tuple[Session, ...], str | None]:
    """Return sessions, newest first, and where the next page begins (None: this is the last one)."""
    start: dict[str, dict[str, Any]] | None = None
    if after is not None:
        start = {"user_id": {"S": user_id}, "session_id": {"S": after}}
    with _translated():
        found = _sessions().query(
            user_id, limit=limit, scan_index_forward=False, last_evaluated_key=start, consistent_read=True
        )
        items = tuple(_session(item) for item in found)
        last = found.last_evaluated_key
    return items, str(last["session_id"]["S"]) if last else None


def delete(user_id: UserId, session_id: str) -> None:
    """End one session; ending one that is over changes nothing."""
    with _translated():
        _sessions()(user_id, session_id).delete()


def delete_all(user_id: UserId, *, but: str = "") -> None:
    """End every session of the account, except the one named."""
    with _translated():
        ids = [item.session_id for item in _sessions().query(user_id, consistent_read=True) if item.session_id != but]
        with _sessions().batch_write() as batch:
            for session_id in ids:
                batch.delete(_sessions()(user_id, session_id))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise AccountsUnavailable from error


@cache
def _sessions() -> type[_SessionItem]:
    _SessionItem.Meta.table_name = settings.require("SESSIONS_TABLE")
    return _SessionItem


def _session(item: _SessionItem) -> Session:
    return Session(
        user_id=UserId(item.user_id),
        session_id=item.session_id,
        epoch=int(item.epoch),
        device=Device(item.address, item.user_agent),
        created_at=item.created_at,
        used_at=item.used_at,
        expires_at=item.ends_at,
        family_hash=item.family_hash,
        secret_hash=item.secret_hash,
        previous_hash=item.previous_hash,
        sealed_secret=item.sealed_secret,
    )
