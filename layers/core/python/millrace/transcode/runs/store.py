"""The table of transcodes under way.

access pattern                          request
a run begins                            PutItem RUN, video and upload; a repeated event only if there is none
all runs                                Query RUN: there are as many as films being processed
one run                                 GetItem RUN, video and upload
when to look at it again                UpdateItem RUN, video and upload, if it has not begun anew
a run is over                           DeleteItem RUN, video and upload, if it has not begun anew
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from millrace.platform import settings
from millrace.platform.errors import Unavailable
from millrace.platform.ids import UploadId, UserId, VideoId
from millrace.platform.store import Deadlines
from millrace.transcode.runs.model import Run

RUN = "RUN"
TURN = "TURN"
FAILED = "ConditionalCheckFailedException"


class TranscodesUnavailable(Unavailable):
    """The table does not answer."""

    def __init__(self) -> None:
        super().__init__("The list of transcodes cannot be reached at the moment. Please try again.")


class _Item(Model):
    class Meta(Deadlines):
        pass

    kind = UnicodeAttribute(hash_key=True)
    key = UnicodeAttribute(range_key=True)
    started_at = UTCDateTimeAttribute(null=True)
    look_at = UTCDateTimeAttribute(null=True)
    ended_at = UTCDateTimeAttribute(null=True)
    turns = UnicodeSetAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Mark:
    """Who has a turn, and until when at most."""

    holder: str
    until: datetime

    def __str__(self) -> str:
        """Return it as the table has it."""
        return f"{self.until.isoformat()} {self.holder}"


@cache
def table() -> type[_Item]:
    """Return the model, told where its table is."""
    _Item.Meta.table_name = settings.require("TRANSCODES_TABLE")
    return _Item


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise TranscodesUnavailable from error


def begin(run: Run, *, is_anew: bool) -> None:
    """Put a run on the list; unless it begins anew, one that is under way stays as it is."""
    item = table()(RUN, _key(run.video_id, run.upload_id), started_at=run.started_at, look_at=run.look_at)
    free: Condition = _Item.key.does_not_exist() | _Item.ended_at.exists()
    with _translated():
        try:
            item.save(condition=None if is_anew else free)
        except PutError as error:
            if error.cause_response_code != FAILED:
                raise


def all_runs() -> Sequence[Run]:
    """Return every run."""
    with _translated():
        return [_run(item) for item in table().query(RUN, consistent_read=True)]


def find(video_id: VideoId, upload_id: UploadId) -> Run | None:
    """Return the run of an upload, if there is one."""
    with _translated():
        try:
            return _run(table().get(RUN, _key(video_id, upload_id), consistent_read=True))
        except DoesNotExist:
            return None


def put_off(run: Run) -> None:
    """Note when to look at the run again, and whether it has ended."""
    actions: list[Action] = [_Item.look_at.set(run.look_at)]
    if run.ended_at:
        actions.append(_Item.ended_at.set(run.ended_at))
    with _translated():
        try:
            _of(run).update(actions=actions, condition=_Item.started_at == run.started_at)
        except UpdateError as error:
            if error.cause_response_code != FAILED:
                raise


def restart_clock(video_id: VideoId, upload_id: UploadId, at: datetime) -> None:
    """Let the run's budget begin now: it has waited for others."""
    with _translated():
        try:
            item = table()(RUN, _key(video_id, upload_id))
            item.update(actions=[_Item.started_at.set(at)], condition=_Item.key.exists())
        except UpdateError as error:
            if error.cause_response_code != FAILED:
                raise


def end(run: Run) -> None:
    """Take the run off the list; natural to repeat."""
    with _translated():
        try:
            _of(run).delete(condition=_Item.started_at == run.started_at)
        except DeleteError as error:
            if error.cause_response_code != FAILED:
                raise


def take_turn(owner_id: UserId, mark: Mark, limit: int | None) -> bool:
    """Let the mark join the account's turns; False while there are as many as may be."""
    room: Condition | None = None
    if limit is not None:
        fewer: Condition = size(_Item.turns) < limit  # type: ignore[no-untyped-call]  # untyped in pynamodb
        room = _Item.turns.does_not_exist() | fewer
    return _change_turns(owner_id, _Item.turns.add({str(mark)}), room)


def give_back_turn(owner_id: UserId, mark: Mark) -> None:
    """Take the mark out of the account's turns; natural to repeat."""
    _change_turns(owner_id, _Item.turns.delete({str(mark)}), None)


def forget_turns(owner_id: UserId, holder: str, at: datetime) -> None:
    """Take out what has expired, and what the holder left when it died."""
    with _translated():
        try:
            marks = table().get(TURN, owner_id, consistent_read=True).turns or set()
        except DoesNotExist:
            return
    for mark in marks:
        until, _, who = str(mark).partition(" ")
        if who == holder or datetime.fromisoformat(until) < at:
            _change_turns(owner_id, _Item.turns.delete({mark}), None)


def _change_turns(owner_id: UserId, action: Action, condition: Condition | None) -> bool:
    with _translated():
        try:
            table()(TURN, owner_id).update(actions=[action], condition=condition)
        except UpdateError as error:
            if error.cause_response_code == FAILED:
                return False
            raise
    return True


def _of(run: Run) -> _Item:
    return table()(RUN, _key(run.video_id, run.upload_id))


def _key(video_id: VideoId, upload_id: UploadId) -> str:
    return f"{video_id}#{upload_id}"


def _run(item: _Item) -> Run:
    video_id, _, upload_id = item.key.partition("#")
    return Run(
        video_id=VideoId(video_id),
        upload_id=UploadId(upload_id),
        started_at=item.started_at,
        look_at=item.look_at,
        ended_at=item.ended_at,
    )
