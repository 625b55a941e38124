"""The table of videos: whole records, and what their owners and moderators change.

    access pattern                          request
    one video                               GetItem video_id
    many videos by id                       BatchGetItem
    an owner's videos, newest first         Query by_owner: owner_id and video_id descending, with filters
    an edit                                 UpdateItem video_id, its version must be the one that was read

`video_id` sorts by time of creation. The states of uploads are changed in `processing.store`, and what follows an
edit in `settling.store`; all three write items of this shape. A deleted video keeps its item, without being found by
anybody, until its media is gone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import DoesNotExist, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from millrace.platform import settings
from millrace.platform.ids import ChannelId, UploadId, UserId, VideoId
from millrace.platform.store import Deadlines
from millrace.videos.caption import Caption
from millrace.videos.errors import VideoGone, VideosUnavailable
from millrace.videos.model import (
    Details,
    Failure,
    Film,
    Home,
    Pictures,
    Previous,
    Replacement,
    Status,
    TakenDown,
    Upload,
    Video,
    VideoState,
    Visibility,
)

# DynamoDB's own limit for one BatchGetItem.
MAX_BATCH = 100


class _ByOwner(GlobalSecondaryIndex["Record"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    video_id = UnicodeAttribute(range_key=True)


class Record(Model):
    """An item; what begins with `next_` is of the replacement that is on its way."""

    class Meta(Deadlines):
        """Where it lies."""

    video_id = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    channel_id = UnicodeAttribute(null=True)
    details = JSONAttribute()
    visibility = UnicodeAttribute()
    is_draft = BooleanAttribute(default=False)
    publish_at = UTCDateTimeAttribute(null=True)
    published_at = UTCDateTimeAttribute(null=True)
    taken_down = JSONAttribute(null=True)
    deleted_at = UTCDateTimeAttribute(null=True)
    version = NumberAttribute()
    announced_version = NumberAttribute(default=0)
    announced_listed = BooleanAttribute(default=False)
    poster = UnicodeAttribute(null=True)
    captions = JSONAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    ready_at = UTCDateTimeAttribute(null=True)
    lease_id = UnicodeAttribute(null=True)
    lease_until = UTCDateTimeAttribute(null=True)
    is_cached = BooleanAttribute(null=True)
    previous = JSONAttribute(null=True)

    state = UnicodeAttribute()
    home = UnicodeAttribute()
    upload_id = UnicodeAttribute()
    upload = JSONAttribute()
    film = JSONAttribute(null=True)
    pictures = JSONAttribute(null=True)
    done_chunks = NumberSetAttribute(null=True)
    done_sounds = NumberSetAttribute(null=True)
    failure = JSONAttribute(null=True)
    attempt = NumberAttribute(default=1)
    uploaded_at = UTCDateTimeAttribute(null=True)
    playable_at = UTCDateTimeAttribute(null=True)
    shower_id = UnicodeAttribute(null=True)
    shower_until = UTCDateTimeAttribute(null=True)

    next_state = UnicodeAttribute(null=True)
    next_home = UnicodeAttribute(null=True)
    next_upload_id = UnicodeAttribute(null=True)
    next_upload = JSONAttribute(null=True)
    next_film = JSONAttribute(null=True)
    next_pictures = JSONAttribute(null=True)
    next_done_chunks = NumberSetAttribute(null=True)
    next_done_sounds = NumberSetAttribute(null=True)
    next_failure = JSONAttribute(null=True)
    next_attempt = NumberAttribute(null=True)
    next_uploaded_at = UTCDateTimeAttribute(null=True)

    by_owner = _ByOwner()


@dataclass(frozen=True, slots=True)
class VideoPage:
    """Some videos, and the one after which the next page begins; None at the end."""

    videos: Sequence[Video]
    last: VideoId | None


@dataclass(frozen=True, slots=True)
class OwnedFilter:
    """Which of an owner's videos; None is any."""

    status: Status | None = None
    channel_id: str | None = None


@cache
def table() -> type[Record]:
    """Return the model, told where its table is."""
    Record.Meta.table_name = settings.require("VIDEOS_TABLE")
    return Record


@contextmanager
def translated() -> Iterator[None]:
    """Let no error of the SDK travel further."""
    try:
        yield
    except PynamoDBException as error:
        raise VideosUnavailable from error


def create(video: Video) -> None:
    """Store a new video; its id must be fresh."""
    record = table()(
        video_id=video.video_id,
        owner_id=video.owner_id,
        channel_id=video.channel_id,
        **_edited(video),
        version=video.version,
        state=video.state.value,
        home=video.home.value,
        upload_id=video.upload.upload_id,
        upload=video.upload.model_dump(mode="json"),
        created_at=video.created_at,
    )
    with translated():
        record.save(condition=Record.video_id.does_not_exist())


def find(video_id: VideoId) -> Video | None:
    """Return the video as it is now, even one that is being deleted; None if there is none."""
    with translated():
        try:
            return video_of(table().get(video_id, consistent_read=True))
        except DoesNotExist:
            return None


def get(video_id: VideoId) -> Video:
    """Return the video as it is now; raises VideoGone."""
    video = find(video_id)
    if video is None or video.deleted_at:
        raise VideoGone(video_id)
    return video


def get_many(video_ids: Sequence[VideoId]) -> dict[VideoId, Video]:
    """Return those of the videos that exist, up to MAX_BATCH at once."""
    if not video_ids:
        return {}
    with translated():
        # Consistent: what its owner has just hidden must not be in anybody's list any more.
        records = table().batch_get(list(dict.fromkeys(video_ids)), consistent_read=True)
        videos = [video_of(record) for record in records]
    return {video.video_id: video for video in videos if not video.deleted_at}


def by_owner(owner_id: UserId, limit: int, after: VideoId | None, wanted: OwnedFilter) -> VideoPage:
    """Return a page of an owner's videos, newest first, beginning behind `after`."""
    table()
    start_key: dict[str, dict[str, Any]] | None = None
    if after is not None:
        start_key = {"owner_id": {"S": owner_id}, "video_id": {"S": after}}
    with translated():
        found = Record.by_owner.query(
            owner_id,
            filter_condition=_matches(wanted),
            scan_index_forward=False,
            limit=limit,
            page_size=MAX_BATCH,
            last_evaluated_key=start_key,
        )
        videos = [video_of(record) for record in found]
        return VideoPage(videos, videos[-1].video_id if videos and found.last_evaluated_key else None)


def _matches(wanted: OwnedFilter) -> Condition:
    condition: Condition = Record.deleted_at.does_not_exist()
    if wanted.channel_id is not None:
        condition &= Record.channel_id == wanted.channel_id
    if wanted.status is not None:
        condition &= _has_status(wanted.status)
    return condition


def _has_status(status: Status) -> Condition:
    """Say in the table's words what `Video.status` says of a video."""
    if status is Status.TAKEN_DOWN:
        taken: Condition = Record.taken_down.exists()
        return taken
    condition: Condition = Record.taken_down.does_not_exist()
    if status in {Status.UPLOADING, Status.PROCESSING, Status.FAILED}:
        condition &= Record.state == status.value
        return condition
    condition &= Record.state == VideoState.READY.value
    if status is Status.SCHEDULED:
        condition &= Record.publish_at.exists()
        return condition
    condition &= Record.publish_at.does_not_exist() & (Record.is_draft == (status is Status.DRAFT))
    if status is not Status.DRAFT:
        visibility = Visibility.PUBLIC if status is Status.PUBLISHED else Visibility(status.value)
        condition &= Record.visibility == visibility.value
    return condition


def edit(before: Video, after: Video) -> bool:
    """Replace what may be edited and count the version on; False if somebody else was faster."""
    actions: list[Action] = []
    for name, value in _edited(after).items():
        attribute = getattr(Record, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    actions.append(Record.version.add(1))
    return change(before.video_id, Record.version == before.version, actions)


def change(video_id: VideoId, condition: Condition, actions: Sequence[Action]) -> bool:
    """Update under the condition, False where it does not hold; a deleted video is never changed.

    A bare update of a missing key would create it, so presence is part of the condition.
    """
    return change_any(video_id, Record.deleted_at.does_not_exist() & condition, actions)


def change_any(video_id: VideoId, condition: Condition, actions: Sequence[Action]) -> bool:
    """Update under the condition, be it a video that is being deleted; False where it does not hold."""
    record = table()(video_id)
    with translated():
        try:
            record.update(actions=list(actions), condition=Record.video_id.exists() & condition)
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
    return True


def _edited(video: Video) -> dict[str, Any]:
    """Return the attributes that an edit may change."""
    return {
        "details": video.details.model_dump(mode="json", exclude_defaults=True),
        "visibility": video.visibility.value,
        "is_draft": video.is_draft,
        "publish_at": video.publish_at,
        "published_at": video.published_at,
        "taken_down": video.taken_down.model_dump(mode="json") if video.taken_down else None,
        "deleted_at": video.deleted_at,
        "poster": video.poster,
        "captions": [caption.model_dump(mode="json") for caption in video.captions] or None,
    }


def video_of(record: Record) -> Video:
    """Read an item."""
    return Video(
        video_id=VideoId(record.video_id),
        owner_id=UserId(record.owner_id),
        channel_id=ChannelId(record.channel_id) if record.channel_id else None,
        details=Details.model_validate(record.details),
        visibility=Visibility(record.visibility),
        is_draft=bool(record.is_draft),
        publish_at=record.publish_at,
        published_at=record.published_at,
        taken_down=TakenDown.model_validate(record.taken_down) if record.taken_down else None,
        deleted_at=record.deleted_at,
        version=int(record.version),
        announced_version=int(record.announced_version),
        announced_listed=bool(record.announced_listed),
        poster=record.poster,
        captions=tuple(Caption.model_validate(shape) for shape in record.captions or ()),
        is_cached=bool(record.is_cached),
        state=VideoState(record.state),
        home=Home(record.home),
        upload=Upload.model_validate(record.upload),
        film=_film(record.film),
        pictures=_pictures(record.pictures),
        chunks_done=len(record.done_chunks or ()),
        failure=_failure(record.failure),
        attempt=int(record.attempt),
        created_at=record.created_at,
        uploaded_at=record.uploaded_at,
        playable_at=record.playable_at,
        ready_at=record.ready_at,
        replacement=_replacement(record),
        previous=Previous.model_validate(record.previous) if record.previous else None,
    )


def _replacement(record: Record) -> Replacement | None:
    if not record.next_upload_id:
        return None
    return Replacement(
        upload=Upload.model_validate(record.next_upload),
        state=VideoState(record.next_state),
        home=Home(record.next_home),
        film=_film(record.next_film),
        pictures=_pictures(record.next_pictures),
        chunks_done=len(record.next_done_chunks or ()),
        failure=_failure(record.next_failure),
        attempt=int(record.next_attempt or 1),
        uploaded_at=record.next_uploaded_at,
    )


def _film(shape: object) -> Film | None:
    return None if shape is None else Film.model_validate(shape)


def _pictures(shape: object) -> Pictures | None:
    return None if shape is None else Pictures.model_validate(shape)


def _failure(shape: object) -> Failure | None:
    return None if shape is None else Failure.model_validate(shape)


def same_upload(upload_id: UploadId) -> Condition:
    """Say that the current version is that upload."""
    condition: Condition = Record.upload_id == upload_id
    return condition
