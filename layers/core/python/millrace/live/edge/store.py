"""The table of the live edge.

    item      pk            sk                    holds
    edge      <session_id>  edge#<track>          epoch, version, the newest segments of a track with their parts
    head      <session_id>  head                  epoch, last segment, period, and what never changes
    period    <session_id>  period#<number>       the tracks of a period
    segment   <session_id>  segment#<number>      a complete segment of all tracks
    run       <session_id>  run#<first number>    three hundred of them, for who reads all of a long stream

    access pattern                         request
    a part or segment of one track         PutItem edge, its epoch not newer and its version older
    the first one of a track               TransactWriteItems: edge absent, head of this epoch
    a complete segment, the tracks         TransactWriteItems: segment or period put, head of this epoch
    another ingest takes over              UpdateItem head: epoch; Query edges, UpdateItem each
    the end                                UpdateItem head
    has a track moved                      GetItem edge, consistent
    all that is at the edge                Query edge# to period#, consistent
    segments since a number                Query segment#
    a run is full                          Query segment#, PutItem run
    all segments                           Query run#, then segment# since

Every write names the epoch of its ingest. Taking over moves the head's epoch on first and the edges' after it, so a
former ingest can neither change an edge nor begin one. Items expire a week after they were written; head and periods,
which a stream needs for as long as it runs, two months after.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.live.edge.model import Edge, EdgeSegment, Head, Part, Period, Segment, Shown, TrackSegment
from millrace.live.errors import LeaseLost, LiveUnavailable, StreamGone
from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import LiveSessionId, VideoId
from millrace.platform.store import Cancelled, Deadlines, transact
from millrace.videos.model import Home

KEPT = timedelta(days=7)
KEPT_FOR_ALL = timedelta(days=60)
# Ten minutes of segments in some ten kilobytes: eight hours are 48 items instead of 14,400.
RUN = 300
_HEAD = "head"
_REFUSED = "ConditionalCheckFailedException"


class _Item(Model):
    class Meta(Deadlines):
        """Set on first use."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    epoch = NumberAttribute(null=True)
    version = NumberAttribute(null=True)
    last_segment = NumberAttribute(null=True)
    period = NumberAttribute(null=True)
    has_ended = BooleanAttribute(null=True)
    data = JSONAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    expires_at = NumberAttribute(null=True)


def begin(head: Head) -> None:
    """Make the head of a new session; one that is there already stays as it is."""
    item = _item(head.session_id, _HEAD, head.model_dump(mode="json"), head.epoch, KEPT_FOR_ALL)
    item.last_segment, item.period, item.has_ended = head.last_segment, head.period, head.has_ended
    with _translated():
        try:
            item.save(condition=_Item.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != _REFUSED:
                raise


def fence(session_id: LiveSessionId, epoch: int, period: int) -> None:
    """Let nobody write but the ingest of this epoch, which begins that period; raises LeaseLost where it is late."""
    actions = [_Item.epoch.set(epoch), _Item.period.set(period)]
    _change_head(session_id, _Item.epoch < epoch, actions)
    for edge in shown(session_id).edges.values():
        item = _table()(session_id, _edge_key(edge.track))
        with _translated():
            try:
                item.update(actions=[_Item.epoch.set(epoch)], condition=_Item.epoch < epoch)
            except UpdateError as error:
                if error.cause_response_code != _REFUSED:
                    raise


def end(session_id: LiveSessionId, epoch: int) -> None:
    """Note that nothing follows, in the name of an epoch that fenced everybody else off. Natural to repeat."""
    _change_head(session_id, _Item.epoch <= epoch, [_Item.has_ended.set(True)])


def put_period(session_id: LiveSessionId, epoch: int, period: Period) -> None:
    """Name the tracks of a period, or that one was dropped; raises LeaseLost. Natural to repeat."""
    told = period.model_dump(mode="json", exclude_none=True)
    item = _item(session_id, _period_key(period.number), told, epoch, KEPT_FOR_ALL)

    def fill(transaction: TransactWrite) -> None:
        transaction.save(item)
        transaction.update(
            _table()(session_id, _HEAD),
            actions=[_Item.period.set(period.number)],
            condition=_of(epoch) & (_Item.period <= period.number),
        )

    _transact(session_id, fill)


def put_edge(edge: Edge) -> None:
    """Show the newest of a track; raises LeaseLost. A version that is no longer the newest changes nothing."""
    item = _edge_item(edge)
    older: Condition = (_Item.epoch < edge.epoch) | ((_Item.epoch == edge.epoch) & (_Item.version < edge.version))
    with _translated():
        try:
            item.save(condition=older)
            return
        except PutError as error:
            if error.cause_response_code != _REFUSED:
                raise
    found = _get(edge.session_id, _edge_key(edge.track))
    if found is None:
        _put_first(edge, item)
    elif found.epoch > edge.epoch:
        raise LeaseLost(edge.session_id)


def _put_first(edge: Edge, item: _Item) -> None:
    def fill(transaction: TransactWrite) -> None:
        transaction.save(item, condition=_Item.pk.does_not_exist())
        transaction.condition_check(_table(), edge.session_id, _HEAD, condition=_of(edge.epoch))

    _transact(edge.session_id, fill)


def put_segment(session_id: LiveSessionId, epoch: int, segment: Segment) -> None:
    """Name a segment that is complete in all tracks; raises LeaseLost. Natural to repeat.

    Segments are named in the order of their numbers. The last one of a run has the run written, too.
    """
    tracks = {name: _row(track) for name, track in segment.tracks.items()}
    data = {"period": segment.period, "at": segment.program_date_time.isoformat(), "tracks": tracks}
    item = _item(session_id, _segment_key(segment.number), data, epoch)

    def fill(transaction: TransactWrite) -> None:
        transaction.save(item)
        transaction.update(
            _table()(session_id, _HEAD),
            actions=[_Item.last_segment.set(segment.number)],
            condition=_of(epoch) & _Item.last_segment.between(segment.number - 1, segment.number),
        )

    _transact(session_id, fill)
    if segment.number % RUN == 0:
        # Without it readers take the segments one by one.
        with suppress(LiveUnavailable):
            _put_run(session_id, epoch, segment.number - RUN + 1)


def _put_run(session_id: LiveSessionId, epoch: int, first: int) -> None:
    table = _table()
    with _translated():
        keys = table.sk.between(_segment_key(first), _segment_key(first + RUN - 1))
        rows = [[_number(item), item.data] for item in table.query(session_id, keys, consistent_read=True)]
        if len(rows) == RUN:
            item = _item(session_id, _run_key(first), {}, epoch)
            item.packed = zlib.compress(json.dumps(rows, separators=(",", ":")).encode())
            item.save()


def edge(session_id: LiveSessionId, track: str) -> Edge | None:
    """Return the newest of a track; None before its first part."""
    found = _get(session_id, _edge_key(track))
    return None if found is None else _edge(found)


def shown(session_id: LiveSessionId) -> Shown:
    """Return all that is at the edge now; raises StreamGone."""
    table = _table()
    with _translated():
        items = list(table.query(session_id, table.sk.between("edge#", "period#~"), consistent_read=True))
    head = next((item for item in items if item.sk == _HEAD), None)
    if head is None:
        raise StreamGone(session_id)
    edges = [_edge(item) for item in items if item.sk.startswith("edge#")]
    return Shown(
        head=_head(head),
        periods=tuple(Period.model_validate(item.data) for item in items if item.sk.startswith("period#")),
        edges={each.track: each for each in edges},
    )


def segments(session_id: LiveSessionId, since: int = 1) -> Sequence[Segment]:
    """Return the complete segments from that number on, in order."""
    table = _table()
    first, last = _segment_key(since), _segment_key(10**8 - 1)
    with _translated():
        return [_segment(item) for item in table.query(session_id, table.sk.between(first, last), consistent_read=True)]


def all_segments(session_id: LiveSessionId, since: int = 1) -> Sequence[Segment]:
    """Return the same as `segments`, in few reads where they are many."""
    table = _table()
    found: list[Segment] = []
    following = since
    with _translated():
        keys = table.sk.between(_run_key(max(0, since - RUN + 1)), _run_key(10**8 - 1))
        for item in table.query(session_id, keys, consistent_read=True):
            first = _number(item)
            if first > following:
                # A run that could not be written.
                break
            rows = json.loads(zlib.decompress(item.packed))
            found += [_read_segment(number, data) for number, data in rows if number >= following]
            following = first + RUN
    return [*found, *segments(session_id, following)]


def remove(session_id: LiveSessionId) -> None:
    """Forget a session's media. Natural to repeat."""
    table = _table()
    with _translated(), table.batch_write() as batch:
        for item in table.query(session_id, attributes_to_get=["pk", "sk"]):
            batch.delete(item)


def _change_head(session_id: LiveSessionId, condition: Condition, actions: list[Any]) -> None:
    with _translated():
        try:
            _table()(session_id, _HEAD).update(actions=actions, condition=_Item.pk.exists() & condition)
        except UpdateError as error:
            if error.cause_response_code != _REFUSED:
                raise
            raise LeaseLost(session_id) from error


def _transact(session_id: LiveSessionId, fill: Any) -> None:
    try:
        transact(fill, LiveUnavailable)
    except Cancelled as cancelled:
        raise LeaseLost(session_id) from cancelled


def _of(epoch: int) -> Condition:
    condition: Condition = _Item.epoch == epoch
    return condition


def _get(session_id: LiveSessionId, sk: str) -> _Item | None:
    with _translated():
        try:
            return _table().get(session_id, sk, consistent_read=True)
        except DoesNotExist:
            return None


def _item(session_id: LiveSessionId, sk: str, data: dict[str, Any], epoch: int, kept: timedelta = KEPT) -> _Item:
    expires_at = int((now() + kept).timestamp())
    return _table()(session_id, sk, data=data, epoch=epoch, expires_at=expires_at)


def _edge_key(track: str) -> str:
    return f"edge#{track}"


def _period_key(number: int) -> str:
    return f"period#{number:05d}"


def _segment_key(number: int) -> str:
    return f"segment#{number:08d}"


def _run_key(first: int) -> str:
    return f"run#{first:08d}"


def _edge_item(edge: Edge) -> _Item:
    """Write an edge in few bytes: each part and track costs a write, and DynamoDB counts begun kilobytes."""
    tail = [
        [
            segment.number,
            segment.period,
            segment.program_date_time.isoformat(),
            segment.decode_time,
            int(segment.is_complete),
            segment.key_frame_size_bytes,
            [[part.number, part.duration, part.size_bytes, int(part.is_independent)] for part in segment.parts],
        ]
        for segment in edge.tail
    ]
    item = _item(edge.session_id, _edge_key(edge.track), {"next_part": edge.next_part, "tail": tail}, edge.epoch)
    item.version = edge.version
    return item


def _edge(item: _Item) -> Edge:
    data = item.data
    return Edge(
        session_id=LiveSessionId(item.pk),
        track=str(item.sk).partition("#")[2],
        epoch=int(item.epoch),
        version=int(item.version),
        next_part=data["next_part"],
        tail=tuple(_edge_segment(*row) for row in data["tail"]),
    )


def _edge_segment(
    number: int, period: int, at: str, decode_time: int, complete: int, key_frame: int | None, parts: list[list[int]]
) -> EdgeSegment:
    return EdgeSegment(
        number=number,
        period=period,
        program_date_time=datetime.fromisoformat(at),
        decode_time=decode_time,
        is_complete=bool(complete),
        key_frame_size_bytes=key_frame,
        parts=tuple(
            Part(number=part, duration=duration, size_bytes=size_bytes, is_independent=bool(independent))
            for part, duration, size_bytes, independent in parts
        ),
    )


def _row(track: TrackSegment) -> list[int | None]:
    return [track.duration, track.size_bytes, track.decode_time, track.key_frame_size_bytes]


def _segment(item: _Item) -> Segment:
    return _read_segment(_number(item), item.data)


def _read_segment(number: int, data: dict[str, Any]) -> Segment:
    # There may be tens of thousands, and they were checked when they were made.
    return Segment.model_construct(
        number=number,
        period=data["period"],
        program_date_time=datetime.fromisoformat(data["at"]),
        tracks={
            name: TrackSegment.model_construct(
                duration=row[0], size_bytes=row[1], decode_time=row[2], key_frame_size_bytes=row[3]
            )
            for name, row in data["tracks"].items()
        },
    )


def _number(item: _Item) -> int:
    return int(str(item.sk).partition("#")[2])


def _head(item: _Item) -> Head:
    return Head(
        session_id=LiveSessionId(item.pk),
        video_id=VideoId(item.data["video_id"]),
        home=Home(item.data["home"]),
        epoch=int(item.epoch),
        period=int(item.period),
        last_segment=int(item.last_segment),
        part_target_ms=item.data["part_target_ms"],
        segment_target_s=item.data["segment_target_s"],
        has_ended=bool(item.has_ended),
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise LiveUnavailable from error


@cache
def _table() -> type[_Item]:
    _Item.Meta.table_name = settings.require("LIVE_MEDIA_TABLE")
    return _Item
