"""The table of live sessions.

    item      pk                          holds
    session   <session_id>                the session as it is, version; `listing` while it is open
    open      CHANNEL#<channel_id>        the session that the channel has open
    open      TEST#<channel_id>           the test stream that the channel has open
    video     VIDEO#<video_id>            the session whose recording the video is

    access pattern                        request
    begin a session                       TransactWriteItems: session and open absent, video
    one session                           GetItem
    what a channel has open               GetItem open
    whose recording a video is            GetItem video
    any change                            PutItem session, its version must be the one that was read
    the end                               TransactWriteItems: session of that version, open removed
    a channel's sessions, newest first    Query by_channel: channel_id, pk descending (ids sort by time)
    who is live now, newest first         Query by_listing: `listed`, pk descending
    sessions that need a look             Query by_listing: `listed` and `unlisted`

`listing` is absent once a session has ended and its recording is settled: the index holds what needs a look, and
nothing else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.live.errors import AlreadyLive, LiveUnavailable, StreamChangedMeanwhile, StreamGone
from millrace.live.model import LiveSession
from millrace.platform import settings
from millrace.platform.ids import ChannelId, LiveSessionId, VideoId
from millrace.platform.store import Cancelled, Deadlines, transact

LISTED, UNLISTED = "listed", "unlisted"
_Key = dict[str, dict[str, Any]] | None


class _ByChannel(GlobalSecondaryIndex["_Item"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_channel"
        projection = AllProjection()

    channel_id = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class _ByListing(GlobalSecondaryIndex["_Item"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_listing"
        projection = AllProjection()

    listing = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class _Item(Model):
    class Meta(Deadlines):
        """Set on first use."""

    pk = UnicodeAttribute(hash_key=True)
    channel_id = UnicodeAttribute(null=True)
    listing = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)
    data = JSONAttribute(null=True)
    by_channel = _ByChannel()
    by_listing = _ByListing()


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Some sessions, and the one after which the next page begins; None at the end."""

    sessions: Sequence[LiveSession]
    last: LiveSessionId | None


def create(session: LiveSession) -> None:
    """Store a new session as the one that its channel has open; raises AlreadyLive where it has one."""

    def fill(transaction: TransactWrite) -> None:
        transaction.save(_item(session), condition=_Item.pk.does_not_exist())
        open_item = _table()(_open_key(session.channel_id, is_test=session.is_test), session_id=session.session_id)
        transaction.save(open_item, condition=_Item.pk.does_not_exist())
        transaction.save(_table()(_video_key(session.video_id), session_id=session.session_id))

    _table()
    try:
        transact(fill, LiveUnavailable)
    except Cancelled as cancelled:
        raise AlreadyLive from cancelled


def find(session_id: LiveSessionId) -> LiveSession | None:
    """Return the session as it is now; None if there is none."""
    with _translated():
        try:
            return _session(_table().get(session_id, consistent_read=True))
        except DoesNotExist:
            return None


def get(session_id: LiveSessionId) -> LiveSession:
    """Return the session as it is now; raises StreamGone."""
    session = find(session_id)
    if session is None:
        raise StreamGone(session_id)
    return session


def open_of(channel_id: ChannelId, *, is_test: bool) -> LiveSession | None:
    """Return what the channel has open."""
    return _named(_open_key(channel_id, is_test=is_test))


def of_video(video_id: VideoId) -> LiveSession | None:
    """Return the session whose recording the video is, or will be."""
    return _named(_video_key(video_id))


def _named(pk: str) -> LiveSession | None:
    """Return the session that an item of another kind names."""
    with _translated():
        try:
            item = _table().get(pk, consistent_read=True)
        except DoesNotExist:
            return None
    return find(LiveSessionId(str(item.session_id)))


def change(before: LiveSession, after: LiveSession) -> LiveSession:
    """Store a changed session and return it; raises StreamChangedMeanwhile if somebody else was faster."""
    changed = after.model_copy(update={"version": before.version + 1})
    item = _item(changed)
    with _translated():
        try:
            item.save(condition=_Item.version == before.version)
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                raise StreamChangedMeanwhile from error
            raise
    return changed


def end(before: LiveSession, after: LiveSession) -> LiveSession:
    """Store an ended session, and let its channel open another; raises as `change` does."""
    changed = after.model_copy(update={"version": before.version + 1})
    table = _table()

    def fill(transaction: TransactWrite) -> None:
        transaction.delete(
            table(_open_key(before.channel_id, is_test=before.is_test)),
            condition=_Item.pk.does_not_exist() | (_Item.session_id == before.session_id),
        )
        transaction.save(_item(changed), condition=_Item.version == before.version)

    try:
        transact(fill, LiveUnavailable)
    except Cancelled as cancelled:
        raise StreamChangedMeanwhile from cancelled
    return changed


def of_channel(channel_id: ChannelId, limit: int, after: LiveSessionId | None) -> SessionPage:
    """Return a page of a channel's sessions, newest first; open, ended and test streams."""
    _table()
    key: _Key = None if after is None else {"channel_id": {"S": channel_id}, "pk": {"S": after}}
    with _translated():
        found = _Item.by_channel.query(
            channel_id, scan_index_forward=False, limit=limit, page_size=limit, last_evaluated_key=key
        )
        return _page(found)


def listed(limit: int, after: LiveSessionId | None) -> SessionPage:
    """Return a page of the sessions that everybody may find, newest first."""
    _table()
    key: _Key = None if after is None else {"listing": {"S": LISTED}, "pk": {"S": after}}
    with _translated():
        found = _Item.by_listing.query(
            LISTED, scan_index_forward=False, limit=limit, page_size=limit, last_evaluated_key=key
        )
        return _page(found)


def all_unsettled() -> Iterator[LiveSession]:
    """Yield every session that is open, or not recorded yet, oldest first; an index may lag behind by a moment."""
    _table()
    with _translated():
        for listing in (LISTED, UNLISTED):
            for item in _Item.by_listing.query(listing):
                yield _session(item)


def remove(session: LiveSession) -> None:
    """Forget a session, and that its channel had it open. Natural to repeat."""
    table = _table()
    if not session.has_ended:
        open_item = table(_open_key(session.channel_id, is_test=session.is_test))
        with _translated():
            try:
                open_item.delete(condition=_Item.session_id == session.session_id)
            except DeleteError as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
    with _translated():
        table(_video_key(session.video_id)).delete()
        table(session.session_id).delete()


def _page(found: Any) -> SessionPage:
    sessions = [_session(item) for item in found]
    return SessionPage(sessions, sessions[-1].session_id if sessions and found.last_evaluated_key else None)


def _item(session: LiveSession) -> _Item:
    return _table()(
        session.session_id,
        channel_id=session.channel_id,
        listing=None if session.is_settled else LISTED if session.is_listed else UNLISTED,
        version=session.version,
        data=session.model_dump(mode="json", exclude_none=True),
    )


def _session(item: _Item) -> LiveSession:
    return LiveSession.model_validate({**item.data, "version": int(item.version)})


def _video_key(video_id: VideoId) -> str:
    return f"VIDEO#{video_id}"


def _open_key(channel_id: ChannelId, *, is_test: bool) -> str:
    return f"TEST#{channel_id}" if is_test else f"CHANNEL#{channel_id}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise LiveUnavailable from error


@cache
def _table() -> type[_Item]:
    _Item.Meta.table_name = settings.require("LIVE_SESSIONS_TABLE")
    return _Item
