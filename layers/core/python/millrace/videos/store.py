"""The table of videos; the only module of this capability that speaks DynamoDB.

    access pattern                    key
    one video                         table, video_id
    an owner's videos, newest first   index by_owner, owner_id and video_id descending

`video_id` sorts by time of creation. Every change of state is conditional on the upload that it belongs to
and on the state that it leaves, so a step that runs twice changes nothing the second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import DoesNotExist, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import UploadId, UserId, VideoId
from millrace.videos.errors import VideoGone
from millrace.videos.model import Failure, Film, Upload, Video, VideoState, Visibility


class _ByOwner(GlobalSecondaryIndex["_Record"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    video_id = UnicodeAttribute(range_key=True)


class _Record(Model):
    class Meta:
        # Set on first use: nothing reads the environment at import.
        table_name = ""
        connect_timeout_seconds = 1
        read_timeout_seconds = 3
        max_retry_attempts = 2

    video_id = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    title = UnicodeAttribute()
    description = UnicodeAttribute()
    visibility = UnicodeAttribute()
    state = UnicodeAttribute()
    upload_id = UnicodeAttribute()
    s3_upload_id = UnicodeAttribute()
    filename = UnicodeAttribute()
    size_bytes = NumberAttribute()
    part_size_bytes = NumberAttribute()
    film = JSONAttribute(null=True)
    done_chunks = NumberSetAttribute(null=True)
    failure_code = UnicodeAttribute(null=True)
    failure_message = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    uploaded_at = UTCDateTimeAttribute(null=True)
    ready_at = UTCDateTimeAttribute(null=True)
    by_owner = _ByOwner()


@dataclass(frozen=True, slots=True)
class VideoPage:
    """Some videos, and the one after which the next page begins; None at the end."""

    videos: Sequence[Video]
    last: VideoId | None


@cache
def _table() -> type[_Record]:
    _Record.Meta.table_name = settings.require("VIDEOS_TABLE")
    return _Record


def create(video: Video) -> None:
    """Store a new video; its id must be fresh."""
    upload = video.upload
    record = _table()(
        video_id=video.video_id,
        owner_id=video.owner_id,
        title=video.title,
        description=video.description,
        visibility=video.visibility.value,
        state=video.state.value,
        upload_id=upload.upload_id,
        s3_upload_id=upload.s3_upload_id,
        filename=upload.filename,
        size_bytes=upload.size_bytes,
        part_size_bytes=upload.part_size_bytes,
        created_at=video.created_at,
    )
    record.save(condition=_Record.video_id.does_not_exist())


def get(video_id: VideoId) -> Video:
    """Return the video as it is now; raises VideoGone."""
    try:
        return _video(_table().get(video_id, consistent_read=True))
    except DoesNotExist as error:
        raise VideoGone(video_id) from error


def by_owner(owner_id: UserId, limit: int, after: VideoId | None) -> VideoPage:
    """Return a page of an owner's videos, newest first, beginning behind `after`."""
    _table()
    start_key: dict[str, dict[str, str]] | None = None
    if after is not None:
        start_key = {"owner_id": {"S": owner_id}, "video_id": {"S": after}}
    found = _Record.by_owner.query(owner_id, scan_index_forward=False, limit=limit, last_evaluated_key=start_key)
    videos = [_video(record) for record in found]
    return VideoPage(videos, videos[-1].video_id if found.last_evaluated_key else None)


def begin_processing(video_id: VideoId, upload_id: UploadId) -> bool:
    """Move from uploading to processing; False if that has happened already."""
    return _change(
        video_id,
        _leaves(upload_id, VideoState.UPLOADING),
        [_Record.state.set(VideoState.PROCESSING.value), _Record.uploaded_at.set(now())],
    )


def record_film(video_id: VideoId, upload_id: UploadId, film: Film) -> bool:
    """Store what the plan found; False if the video is no longer in processing."""
    return _change(
        video_id,
        _leaves(upload_id, VideoState.PROCESSING),
        [_Record.film.set(film.model_dump(mode="json")), _Record.done_chunks.remove()],
    )


def record_chunk(video_id: VideoId, upload_id: UploadId, chunk: int) -> bool:
    """Count a chunk as done, once however often it is told; False if the video is no longer in processing."""
    return _change(video_id, _leaves(upload_id, VideoState.PROCESSING), [_Record.done_chunks.add({chunk})])


def finish(video_id: VideoId, upload_id: UploadId) -> bool:
    """Move from processing to ready; False if the video has left processing already."""
    return _change(
        video_id,
        _leaves(upload_id, VideoState.PROCESSING),
        [_Record.state.set(VideoState.READY.value), _Record.ready_at.set(now()), _Record.done_chunks.remove()],
    )


def fail(video_id: VideoId, upload_id: UploadId, failure: Failure) -> bool:
    """Move from uploading or processing to failed; False if the video has left them already."""
    return _change(
        video_id,
        _leaves(upload_id, VideoState.UPLOADING, VideoState.PROCESSING),
        [
            _Record.state.set(VideoState.FAILED.value),
            _Record.failure_code.set(failure.code),
            _Record.failure_message.set(failure.message),
            _Record.done_chunks.remove(),
        ],
    )


def _leaves(upload_id: UploadId, *states: VideoState) -> Condition:
    same_upload: Condition = _Record.upload_id == upload_id
    in_state: Condition = _Record.state.is_in(*(state.value for state in states))
    both: Condition = same_upload & in_state
    return both


def _change(video_id: VideoId, condition: Condition, actions: Sequence[Action]) -> bool:
    """Update under the condition; a bare update of a missing key would create it, so presence is part of it."""
    record = _table()(video_id)
    try:
        record.update(actions=list(actions), condition=_Record.video_id.exists() & condition)
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def _video(record: _Record) -> Video:
    failure = None
    if record.failure_code and record.failure_message:
        failure = Failure(code=record.failure_code, message=record.failure_message)
    return Video(
        video_id=VideoId(record.video_id),
        owner_id=UserId(record.owner_id),
        title=record.title,
        description=record.description,
        visibility=Visibility(record.visibility),
        state=VideoState(record.state),
        upload=Upload(
            upload_id=UploadId(record.upload_id),
            s3_upload_id=record.s3_upload_id,
            filename=record.filename,
            size_bytes=int(record.size_bytes),
            part_size_bytes=int(record.part_size_bytes),
        ),
        film=None if record.film is None else Film.model_validate(record.film),
        chunks_done=len(record.done_chunks or ()),
        failure=failure,
        created_at=record.created_at,
        uploaded_at=record.uploaded_at,
        ready_at=record.ready_at,
    )
