"""Settle a video: bring everything else in line with its record, and say when to look again.

The workflow "settle" runs this for each change of a record, in its own time and until it succeeds. It depends on
nothing but the record as it is now, so it may run twice, late, or for a version that has been overtaken.
"""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from millrace.platform import events, settings
from millrace.platform.clock import now
from millrace.platform.events import DomainEvent, VideoChanged, VideoDeleted, VideoPublished, VideoUnpublished
from millrace.platform.ids import VideoId
from millrace.platform.steps import Deadline
from millrace.videos import store as videos
from millrace.videos import uploads
from millrace.videos.model import Home, Video, VideoState
from millrace.videos.places import UploadPlace, media_folder, place_of, source_folders
from millrace.videos.settling import media, objects, store

# An encoder may still run when its video is deleted, and write for as long as Lambda lets it.
ENCODERS_END = timedelta(minutes=16)


class SettleTask(BaseModel):
    """A video, and the version of its record that this follows."""

    model_config = ConfigDict(frozen=True)

    video_id: VideoId
    version: int


class Settled(SettleTask):
    """When to look again; null: everything is as it should be."""

    look_again_at: AwareDatetime | None


def settle(task: SettleTask, deadline: Deadline) -> Settled:
    """Settle the video as it is now. Idempotent."""
    video = videos.find(task.video_id)
    if video is None:
        return Settled(**dict(task), look_again_at=None)
    version = task.version
    if video.is_due(now()) and not video.deleted_at:
        video = _publish_due(video)
        version = video.version
    _announce(video)
    if video.deleted_at:
        again = _remove(video)
    else:
        media.settle(video, deadline)
        # A newer version has a workflow of its own that keeps its appointments.
        again = _next_appointment(video) if video.version == version else None
    return Settled(video_id=video.video_id, version=version, look_again_at=again)


def _publish_due(video: Video) -> Video:
    """Publish what was scheduled for now; what was changed meanwhile is settled by the workflow of that change."""
    due = video.model_copy(update={"publish_at": None})
    if due.is_listed and not due.published_at:
        due = due.model_copy(update={"published_at": video.publish_at})
    if not videos.edit(video, due):
        raise media.RecordChanged(video.video_id)
    return due.model_copy(update={"version": video.version + 1})


def _announce(video: Video) -> None:
    """Tell the bus what this version is, unless it knows."""
    if video.announced_version >= video.version:
        return
    about = {"video_id": video.video_id, "owner_id": video.owner_id, "channel_id": video.channel_id}
    news: list[DomainEvent] = []
    if video.announced_listed and not video.is_listed:
        news.append(VideoUnpublished.model_validate(about))
    elif video.is_listed and not video.announced_listed:
        news.append(VideoPublished.model_validate(about))
    elif not video.deleted_at:
        news.append(VideoChanged.model_validate({**about, "is_listed": video.is_listed}))
    if video.deleted_at:
        news.append(VideoDeleted.model_validate(about))
    events.publish(*news)
    store.note_announced(video)


def _next_appointment(video: Video) -> datetime | None:
    appointments = [video.publish_at, video.previous.until if video.previous else None]
    # A moment later, so that what is due then is due indeed.
    return min((moment + timedelta(seconds=1) for moment in appointments if moment), default=None)


def _remove(video: Video) -> datetime | None:
    """Remove every byte of a deleted video, and its record once nobody can write any more."""
    uploads_bucket, media_bucket = settings.require("UPLOADS_BUCKET"), settings.require("MEDIA_BUCKET")
    if video.state is VideoState.UPLOADING:
        uploads.abort(place_of(video), video.upload)
    if video.replacement and video.replacement.state is VideoState.UPLOADING:
        uploads.abort(
            UploadPlace(video.video_id, video.replacement.upload.upload_id),
            video.replacement.upload,
        )
    for folder in source_folders(video.video_id):
        objects.delete_folder(uploads_bucket, folder)
    for home in Home:
        objects.delete_folder(media_bucket, media_folder(home, video.video_id))
    objects.purge(video.video_id)
    last_look = (video.deleted_at or now()) + ENCODERS_END
    if now() < last_look:
        return last_look
    store.remove(video.video_id)
    return None
