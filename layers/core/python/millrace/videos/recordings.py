"""Recordings: films that come from a live stream, complete from the beginning, without an upload."""

from dataclasses import dataclass
from datetime import datetime

from millrace.platform.ids import ChannelId, UploadId, UserId, VideoId
from millrace.videos import store
from millrace.videos.details import Details
from millrace.videos.errors import VideoGone, VideosUnavailable
from millrace.videos.film import Film, Upload, VideoState
from millrace.videos.model import Home, Video, Visibility
from millrace.videos.processing import service as processing


@dataclass(frozen=True, slots=True)
class Recording:
    """A film whose segments and playlists lie where a video of these ids has them."""

    video_id: VideoId
    upload_id: UploadId
    owner_id: UserId
    channel_id: ChannelId
    details: Details
    visibility: Visibility
    home: Home
    film: Film
    size_bytes: int
    streamed_at: datetime


def adopt(recording: Recording) -> Video:
    """Make the recording a video that is ready, and say so; raises VideoGone if its owner has deleted it already.

    Idempotent: a repeat says it again under the same event ids.
    """
    _create(recording)
    try:
        processing.record_film(recording.video_id, recording.upload_id, recording.film)
    except VideoGone:
        # It is ready already, or it is being deleted: the next line tells.
        store.get(recording.video_id)
    processing.publish(recording.video_id, recording.upload_id)
    return store.get(recording.video_id)


def _create(recording: Recording) -> None:
    """Store the video where it is not there yet; two that do it at once are both content."""
    if store.find(recording.video_id) is not None:
        return
    try:
        store.create(_video(recording))
    except VideosUnavailable:
        if store.find(recording.video_id) is None:
            raise


def home_of(video_id: VideoId, upload_id: UploadId) -> Home | None:
    """Return where the recording's media lies now; None where it is none of the video's any more."""
    video = store.find(video_id)
    if video is None or video.deleted_at or video.upload.upload_id != upload_id:
        return None
    return video.home


def _video(recording: Recording) -> Video:
    return Video(
        video_id=recording.video_id,
        owner_id=recording.owner_id,
        channel_id=recording.channel_id,
        details=recording.details,
        visibility=recording.visibility,
        state=VideoState.PROCESSING,
        home=recording.home,
        upload=Upload(
            upload_id=recording.upload_id,
            # There was no upload: nothing of S3's to go on with or to abort.
            s3_upload_id="",
            filename="live.mp4",
            size_bytes=recording.size_bytes,
            part_size_bytes=recording.size_bytes,
        ),
        created_at=recording.streamed_at,
        uploaded_at=recording.streamed_at,
    )
