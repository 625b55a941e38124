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
from functools import cache

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from millrace.platform import settings
from millrace.platform.errors import Unavailable
from millrace.platform.ids import UploadId, VideoId
from millrace.platform.store import Deadlines
from millrace.transcode.runs.model import Run

RUN = "RUN"
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
    started_at = UTCDateTimeAttribute()
    look_at = UTCDateTimeAttribute()
    ended_at = UTCDateTimeAttribute(null=True)


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


def end(run: Run) -> None:
    """Take the run off the list; natural to repeat."""
    with _translated():
        try:
            _of(run).delete(condition=_Item.started_at == run.started_at)
        except DeleteError as error:
            if error.cause_response_code != FAILED:
                raise


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
