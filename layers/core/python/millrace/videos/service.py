"""Use cases of videos: one public function a verb."""

from dataclasses import dataclass, replace
from datetime import timedelta

from millrace.media.package import MAIN_PLAYLIST, MANIFEST
from millrace.platform import events
from millrace.platform.clock import now
from millrace.platform.events import DomainEvent, VideoFailed, VideoPlayable, VideoReady, VideoUploaded
from millrace.platform.ids import UploadId, UserId, VideoId, new_id
from millrace.platform.site import public_url
from millrace.videos import cookies, store, uploads
from millrace.videos.errors import NotPlayable, UploadClosed, VideoGone
from millrace.videos.model import Failure, Film, Video, VideoState, Visibility
from millrace.videos.places import POSTER, UploadPlace, place_of

# One long evening; the player asks again before it ends.
COOKIE_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a ready video is played from, and the cookies that a private one needs."""

    hls_url: str
    dash_url: str
    poster_url: str
    cookie_path: str
    cookies: dict[str, str]


def create(
    owner_id: UserId,
    *,
    title: str,
    description: str,
    visibility: Visibility,
    filename: str,
    size_bytes: int,
    content_type: str,
) -> Video:
    """Make a video that waits for its file."""
    place = UploadPlace(VideoId(new_id()), UploadId(new_id()))
    video = Video(
        video_id=place.video_id,
        owner_id=owner_id,
        title=title,
        description=description,
        visibility=visibility,
        state=VideoState.UPLOADING,
        upload=uploads.begin(place, filename, size_bytes, content_type),
        created_at=now(),
    )
    store.create(video)
    return video


def open_upload(video: Video, first_part: int = 1) -> uploads.OpenUpload:
    """Return where to put the next parts, and which S3 has already; raises UploadClosed."""
    if video.state is not VideoState.UPLOADING:
        raise UploadClosed(video.video_id)
    return uploads.page(place_of(video), video.upload, first_part)


def visible(video_id: VideoId, viewer_id: UserId | None) -> Video:
    """Return a video that the viewer may know of; another's private one is VideoGone, like one that is not there."""
    video = store.get(video_id)
    if video.visibility is Visibility.PRIVATE and video.owner_id != viewer_id:
        raise VideoGone(video_id)
    return video


def owned(video_id: VideoId, owner_id: UserId) -> Video:
    """Return the owner's video; anybody else's is VideoGone."""
    video = store.get(video_id)
    if video.owner_id != owner_id:
        raise VideoGone(video_id)
    return video


def owned_page(owner_id: UserId, limit: int, after: VideoId | None) -> store.VideoPage:
    """Return a page of the owner's videos, newest first, beginning behind `after`."""
    return store.by_owner(owner_id, limit, after)


def addresses(video: Video) -> Playback:
    """Return where the video is played from, without the cookies; raises NotPlayable."""
    if video.state is not VideoState.READY:
        raise NotPlayable(video.video_id)
    folder = _folder_url(video)
    return Playback(folder + MAIN_PLAYLIST, folder + MANIFEST, folder + POSTER, f"/media/private/{video.video_id}/", {})


def playback(video: Video) -> Playback:
    """Return the addresses, with fresh cookies if the video is private; raises NotPlayable."""
    found = addresses(video)
    if video.visibility is Visibility.PUBLIC:
        return found
    return replace(found, cookies=cookies.signed_cookies(f"{_folder_url(video)}*", now() + COOKIE_LIFETIME))


def _folder_url(video: Video) -> str:
    return f"{public_url()}/{place_of(video).media_prefix(video.visibility)}"


def receive_upload(video_id: VideoId, upload_id: UploadId) -> bool:
    """Note that the source file has arrived; False if it is not the one that this video waits for.

    Idempotent: told again while the video is in processing it answers True and changes nothing.
    """
    if store.begin_processing(video_id, upload_id):
        return True
    try:
        in_processing(video_id, upload_id)
    except VideoGone:
        return False
    return True


def announce_upload(video_id: VideoId, upload_id: UploadId, size_bytes: int) -> None:
    """Say that the source file has arrived. A repeat has the same event id."""
    owner_id = store.get(video_id).owner_id
    events.publish(
        VideoUploaded(
            event_id=_event_id(VideoUploaded, upload_id),
            video_id=video_id,
            owner_id=owner_id,
            upload_id=upload_id,
            size_bytes=size_bytes,
        )
    )


def in_processing(video_id: VideoId, upload_id: UploadId) -> Video:
    """Return the video if this upload of it is what is being processed; raises VideoGone otherwise."""
    video = store.get(video_id)
    if video.upload.upload_id != upload_id or video.state is not VideoState.PROCESSING:
        raise VideoGone(video_id)
    return video


def record_film(video_id: VideoId, upload_id: UploadId, film: Film) -> None:
    """Store what the film will be; raises VideoGone if nobody waits for it any more."""
    if not store.record_film(video_id, upload_id, film):
        raise VideoGone(video_id)


def record_chunk(video_id: VideoId, upload_id: UploadId, chunk: int) -> None:
    """Move the progress on; raises VideoGone if nobody waits for it any more."""
    if not store.record_chunk(video_id, upload_id, chunk):
        raise VideoGone(video_id)


def publish(video_id: VideoId, upload_id: UploadId) -> None:
    """Make the video ready and say so. Idempotent: a repeat tells the same news again, under the same event ids."""
    store.finish(video_id, upload_id)
    video = store.get(video_id)
    if video.upload.upload_id != upload_id or video.state is not VideoState.READY or video.film is None:
        raise VideoGone(video_id)
    events.publish(
        VideoPlayable(event_id=_event_id(VideoPlayable, upload_id), video_id=video_id, owner_id=video.owner_id),
        VideoReady(
            event_id=_event_id(VideoReady, upload_id),
            video_id=video_id,
            owner_id=video.owner_id,
            duration_ms=video.film.duration_ms,
        ),
    )


def fail(video_id: VideoId, upload_id: UploadId, failure: Failure) -> Video | None:
    """Record why the video failed and say so; None if the video, or this upload of it, is gone.

    Idempotent like `publish`.
    """
    store.fail(video_id, upload_id, failure)
    try:
        video = store.get(video_id)
    except VideoGone:
        return None
    if video.upload.upload_id != upload_id or video.state is not VideoState.FAILED:
        return None
    events.publish(
        VideoFailed(
            event_id=_event_id(VideoFailed, upload_id),
            video_id=video_id,
            owner_id=video.owner_id,
            reason=failure.message,
        )
    )
    return video


def _event_id(event: type[DomainEvent], upload_id: UploadId) -> str:
    """Return the one id of a piece of news that an upload can make only once, however often it is told."""
    return f"{upload_id}-{event.__name__}"
