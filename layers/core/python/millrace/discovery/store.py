"""The table of discovery.

    item       pk                   sk             holds
    change     CHANGES              change_id      video_id or channel_id; expires
    snapshot   CHANGES              ~snapshot      which stored index is the newest
    listed     LISTED#{0…15}        video_id       nothing more: every video that was ever listed and still exists
    viewer     VIEWERS#{video_id}   viewer         nothing more: counted already; expires
    views      VIEWS#{hour}#{0…7}   video_id       view_count; expires
    ranking    RANKINGS             ranking_id     video_ids; expires

    access pattern                               request
    note a change                                PutItem
    changes since a moment, newest snapshot      Query CHANGES from an id on: the snapshot's sort key is behind all ids
    replace the snapshot                         PutItem, its id must be the one that was read
    every listed video, to make an index anew    Query LISTED#n, page by page
    count viewers of a video, each once a day    TransactWriteItems: viewers absent, views + n
    views of an hour                             Query VIEWS#{hour}#n for each n
    the newest ranking, or one by its id         Query RANKINGS backwards; GetItem

Ids of changes and rankings sort by time; hours are counted from 1970. Whoever counts views picks one of eight
partitions by chance, so that a video that everybody watches is not one item that everybody waits for.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache

from pynamodb.attributes import JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.discovery.errors import DiscoveryUnavailable, SnapshotReplaced
from millrace.discovery.model import Change, Ranking, Snapshot
from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import ChannelId, VideoId
from millrace.platform.store import CONDITION_FAILED, Cancelled, Deadlines, transact

LISTED_PARTITIONS = 16
VIEWS_PARTITIONS = 8
# An index is stored every few minutes; this is for a bad week.
CHANGES_KEPT = timedelta(days=14)
# A viewer's name holds the day, so it cannot come again the day after tomorrow.
VIEWERS_KEPT = timedelta(days=2)
VIEWS_KEPT = timedelta(days=14)
# As long as somebody may still turn its pages.
RANKINGS_KEPT = timedelta(days=1)
# What DynamoDB takes in one transaction is 100 items; one of ours is the count.
MAX_VIEWERS_AT_ONCE = 99
_CHANGES = "CHANGES"
_RANKINGS = "RANKINGS"
# Behind every id.
_SNAPSHOT = "~snapshot"


class _Item(Model):
    class Meta(Deadlines):
        """Where it lies."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    expires_at = TTLAttribute(null=True)
    video_id = UnicodeAttribute(null=True)
    channel_id = UnicodeAttribute(null=True)
    view_count = NumberAttribute(null=True)
    video_ids = JSONAttribute(null=True)
    snapshot_id = UnicodeAttribute(null=True)
    layout = UnicodeAttribute(null=True)
    covers_until = UTCDateTimeAttribute(null=True)
    video_count = NumberAttribute(null=True)
    size_bytes = NumberAttribute(null=True)


def note_change(change: Change) -> None:
    """Store word of a change. Natural to repeat: looking at a video once more changes nothing."""
    item = _table()(
        _CHANGES,
        change.change_id,
        video_id=change.video_id,
        channel_id=change.channel_id,
        expires_at=now() + CHANGES_KEPT,
    )
    with _translated():
        item.save()


def changes_from(first_id: str, limit: int | None = None) -> tuple[list[Change], Snapshot | None]:
    """Return the changes from an id on, and the newest snapshot, if there is one and the limit did not come first."""
    table = _table()
    changes: list[Change] = []
    with _translated():
        for item in table.query(_CHANGES, table.sk >= first_id, limit=limit):
            if item.sk == _SNAPSHOT:
                return changes, _snapshot(item)
            video_id = VideoId(item.video_id) if item.video_id else None
            channel_id = ChannelId(item.channel_id) if item.channel_id else None
            changes.append(Change(item.sk, video_id, channel_id))
    return changes, None


def snapshot() -> Snapshot | None:
    """Return the newest stored index; None before the first."""
    with _translated():
        try:
            return _snapshot(_table().get(_CHANGES, _SNAPSHOT, consistent_read=True))
        except DoesNotExist:
            return None


def replace_snapshot(before: Snapshot | None, after: Snapshot) -> None:
    """Make this the newest stored index; raises SnapshotReplaced if `before` no longer is."""
    table = _table()
    item = table(
        _CHANGES,
        _SNAPSHOT,
        snapshot_id=after.snapshot_id,
        layout=after.layout,
        covers_until=after.covers_until,
        video_count=after.video_count,
        size_bytes=after.size_bytes,
    )
    unchanged = table.snapshot_id == before.snapshot_id if before else table.pk.does_not_exist()
    with _translated():
        try:
            item.save(condition=unchanged)
        except PutError as error:
            if error.cause_response_code == f"{CONDITION_FAILED}Exception":
                raise SnapshotReplaced from error
            raise


def add_listed(video_id: VideoId) -> None:
    """Remember that the video was listed. Natural to repeat."""
    with _translated():
        _table()(_listed_key(video_id), video_id).save()


def remove_listed(video_id: VideoId) -> None:
    """Forget a video that exists no more. Natural to repeat."""
    with _translated():
        _table()(_listed_key(video_id), video_id).delete()


def all_listed() -> Iterator[VideoId]:
    """Return every video that was listed once; some may not be any more."""
    for partition in range(LISTED_PARTITIONS):
        with _translated():
            for item in _table().query(f"LISTED#{partition}"):
                yield VideoId(item.sk)


def count_views(video_id: VideoId, viewers: Sequence[str], hour: int, partition: int) -> int:
    """Count those viewers of the video that were not counted before, and return how many.

    All or nothing, so that however often it is repeated nobody counts twice, and nobody is lost.
    """
    table = _table()
    waiting = list(dict.fromkeys(viewers))[:MAX_VIEWERS_AT_ONCE]
    expires_at = now() + VIEWERS_KEPT

    def fill(transaction: TransactWrite) -> None:
        for viewer in waiting:
            seen = table(f"VIEWERS#{video_id}", viewer, expires_at=expires_at)
            transaction.save(seen, condition=table.pk.does_not_exist())
        counted: list[Action] = [table.view_count.add(len(waiting)), table.expires_at.set(now() + VIEWS_KEPT)]
        # Creates the count: the first viewer of the hour is as welcome as the others.
        transaction.update(table(_views_key(hour, partition), video_id), actions=counted)

    while waiting:
        try:
            transact(fill, DiscoveryUnavailable)
        except Cancelled as cancelled:
            waiting = [viewer for place, viewer in enumerate(waiting) if place not in cancelled.failed]
        else:
            return len(waiting)
    return 0


def views_of(hour: int) -> Mapping[VideoId, int]:
    """Return how many viewers each video had in an hour."""
    views: dict[VideoId, int] = {}
    for partition in range(VIEWS_PARTITIONS):
        with _translated():
            for item in _table().query(_views_key(hour, partition)):
                video_id = VideoId(item.sk)
                views[video_id] = views.get(video_id, 0) + int(item.view_count or 0)
    return views


def save_ranking(ranking: Ranking) -> None:
    """Store a ranking; its id must be fresh."""
    item = _table()(_RANKINGS, ranking.ranking_id, video_ids=list(ranking.video_ids), expires_at=now() + RANKINGS_KEPT)
    with _translated():
        item.save()


def newest_ranking() -> Ranking | None:
    """Return the ranking of this moment; None before the first."""
    with _translated():
        for item in _table().query(_RANKINGS, scan_index_forward=False, limit=1):
            return _ranking(item)
    return None


def ranking(ranking_id: str) -> Ranking | None:
    """Return an earlier ranking; None when it has expired."""
    with _translated():
        try:
            return _ranking(_table().get(_RANKINGS, ranking_id))
        except DoesNotExist:
            return None


@contextmanager
def _translated() -> Iterator[None]:
    """Let no error of the SDK travel further."""
    try:
        yield
    except PynamoDBException as error:
        raise DiscoveryUnavailable from error


@cache
def _table() -> type[_Item]:
    _Item.Meta.table_name = settings.require("DISCOVERY_TABLE")
    return _Item


def forget() -> None:
    """Drop what the container keeps; tests need it."""
    _table.cache_clear()


def _listed_key(video_id: VideoId) -> str:
    return f"LISTED#{zlib.crc32(video_id.encode()) % LISTED_PARTITIONS}"


def _views_key(hour: int, partition: int) -> str:
    return f"VIEWS#{hour}#{partition}"


def _ranking(item: _Item) -> Ranking:
    return Ranking(item.sk, tuple(VideoId(video_id) for video_id in item.video_ids or ()))


def _snapshot(item: _Item) -> Snapshot:
    return Snapshot(
        snapshot_id=str(item.snapshot_id),
        layout=str(item.layout),
        covers_until=_moment(item.covers_until),
        video_count=int(item.video_count or 0),
        size_bytes=int(item.size_bytes or 0),
    )


def _moment(value: datetime | None) -> datetime:
    if value is None:
        raise DiscoveryUnavailable
    return value
