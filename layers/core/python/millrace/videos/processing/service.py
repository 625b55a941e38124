"""Use cases of a video's versions: what uploads and the workflow's steps tell of, replacing, and trying again."""

from datetime import timedelta

from millrace.costs.cost import ProcessingCost
from millrace.platform import events
from millrace.platform.clock import now
from millrace.platform.errors import WorkflowError
from millrace.platform.events import DomainEvent, VideoFailed, VideoPlayable, VideoReady, VideoUploaded
from millrace.platform.ids import UploadId, UserId, VideoId, new_id
from millrace.videos import store as videos
from millrace.videos import uploads
from millrace.videos.errors import ChangedMeanwhile, NothingToCancel, NothingToRetry, StillProcessing, VideoGone
from millrace.videos.model import Failure, Film, Pictures, Replacement, Video, VideoState
from millrace.videos.places import UploadPlace
from millrace.videos.processing import store
from millrace.videos.processing.model import Shown
from millrace.videos.settling.start import start as settle

# Whoever opened the old version before may watch it to its end: as long as a cookie lives.
PREVIOUS_KEPT = timedelta(hours=12)
# Playlists are written in a second: who had the right so long ago is dead.
SHOWING = timedelta(seconds=60)
# How often to look again when somebody else changes the record at the same moment.
TRIES = 5


class HomeChanged(WorkflowError):
    """The media has moved while an encoder wrote to where it lay: the step is worth another try."""


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
    video = videos.get(video_id)
    events.publish(
        VideoUploaded(
            event_id=_event_id(VideoUploaded, video, upload_id),
            video_id=video_id,
            owner_id=video.owner_id,
            upload_id=upload_id,
            size_bytes=size_bytes,
        )
    )


def _event_id(event: type[DomainEvent], video: Video, upload_id: UploadId) -> str:
    """Return the one id of what an attempt at an upload can tell only once, however often it is told."""
    version = video.through(upload_id)
    return f"{upload_id}-{version.attempt if version else 0}-{event.__name__}"


def in_processing(video_id: VideoId, upload_id: UploadId) -> Video:
    """Return the video as this upload has it, if that is what is being processed; raises VideoGone otherwise."""
    video = videos.get(video_id).through(upload_id)
    if video is None or video.state is not VideoState.PROCESSING:
        raise VideoGone(video_id)
    return video


def known(video_id: VideoId, upload_id: UploadId) -> Video | None:
    """Return the video as this upload has it, whatever became of it."""
    video = videos.find(video_id)
    return video.through(upload_id) if video else None


def has_failed(video_id: VideoId, upload_id: UploadId) -> bool:
    """Whether this upload could be processed once more."""
    version = known(video_id, upload_id)
    return version is not None and version.state is VideoState.FAILED


def alive(video_id: VideoId, upload_id: UploadId) -> Video | None:
    """Return the video as this upload has it, if that is in processing or ready."""
    video = videos.find(video_id)
    version = video.through(upload_id) if video and not video.deleted_at else None
    if version is None or version.state not in {VideoState.PROCESSING, VideoState.READY}:
        return None
    return version


def record_film(video_id: VideoId, upload_id: UploadId, film: Film) -> None:
    """Store what the film will be; raises VideoGone if nobody waits for it any more."""
    if not store.record_film(video_id, upload_id, film):
        raise VideoGone(video_id)


def record_loudness(video: Video, integrated_lufs: float, true_peak_dbtp: float) -> None:
    """Store how loud the film is; raises VideoGone if nobody waits for it any more."""
    if video.film is None:
        raise VideoGone(video.video_id)
    film = video.film.model_copy(update={"loudness_lufs": integrated_lufs, "true_peak_dbtp": true_peak_dbtp})
    if not store.amend_film(video.video_id, video.upload.upload_id, film):
        raise VideoGone(video.video_id)


def record_cost(video: Video, cost: ProcessingCost) -> None:
    """Store what the attempt took; raises VideoGone if nobody waits for it any more."""
    if video.film is None:
        raise VideoGone(video.video_id)
    film = video.film.model_copy(update={"processing_cost": cost})
    if not store.amend_film(video.video_id, video.upload.upload_id, film):
        raise VideoGone(video.video_id)


def record_chunk(video: Video, chunk: int) -> None:
    """Move the progress on by a chunk of the picture that was put where `video`, as it was then, says.

    Raises VideoGone if nobody waits for it any more, or HomeChanged.
    """
    if not store.record_chunk(video, chunk):
        raise _why(video)


def record_sound(video: Video, chunk: int) -> None:
    """Move the progress on by a chunk of the sound, like one of the picture."""
    if not store.record_sound(video, chunk):
        raise _why(video)


def check_wanted(video: Video) -> None:
    """Raise VideoGone or HomeChanged where what was encoded for `video`, as it was then, is of no use any more."""
    found = in_processing(video.video_id, video.upload.upload_id)
    if found.attempt != video.attempt:
        raise VideoGone(video.video_id)
    if found.home is not video.home:
        raise HomeChanged(video.home)


def _why(video: Video) -> Exception:
    try:
        check_wanted(video)
    except (VideoGone, HomeChanged) as reason:
        return reason
    return HomeChanged(video.home)


def begin_showing(video_id: VideoId, upload_id: UploadId, shower_id: str) -> Shown | None:
    """Take or renew the right to write the growing playlists: one at a time has it; None while that is another."""
    return store.begin_showing(video_id, upload_id, shower_id, now() + SHOWING)


def end_showing(shown: Shown, shower_id: str) -> bool:
    """Give the right back; False if more was encoded meanwhile: it has to be shown too."""
    return store.end_showing(shown, shower_id)


def stop_showing(video_id: VideoId, shower_id: str) -> None:
    """Give the right back, whatever there is to show; natural to repeat."""
    store.stop_showing(video_id, shower_id)


def announce_playable(shown: Shown) -> None:
    """Note that the beginning plays, and say so. Idempotent: a repeat has the same event id."""
    video = shown.video
    upload_id = video.upload.upload_id
    store.note_playable(video.video_id, upload_id)
    events.publish(
        VideoPlayable(
            event_id=_event_id(VideoPlayable, video, upload_id), video_id=video.video_id, owner_id=video.owner_id
        )
    )


def record_pictures(video: Video, pictures: Pictures) -> bool:
    """Note what was drawn of the version that `video` shows; False if its media has moved since, or nobody waits."""
    return store.record_pictures(video, pictures)


def publish(video_id: VideoId, upload_id: UploadId) -> None:
    """Make the version the one that plays, and say so. Idempotent: a repeat tells it again under the same event ids."""
    for _ in range(TRIES):
        if _finish(videos.get(video_id), upload_id):
            break
    video = videos.get(video_id)
    if video.upload.upload_id != upload_id or video.state is not VideoState.READY or video.film is None:
        raise VideoGone(video_id)
    events.publish(
        VideoPlayable(event_id=_event_id(VideoPlayable, video, upload_id), video_id=video_id, owner_id=video.owner_id),
        VideoReady(
            event_id=_event_id(VideoReady, video, upload_id),
            video_id=video_id,
            owner_id=video.owner_id,
            duration_ms=video.film.duration_ms,
        ),
    )
    settle(video)


def _finish(video: Video, upload_id: UploadId) -> bool:
    """Move the version to ready; False where the record changed meanwhile and has to be read again."""
    if video.upload.upload_id == upload_id:
        return video.state is not VideoState.PROCESSING or store.finish(video)
    coming = video.replacement
    if coming is None or coming.upload.upload_id != upload_id or coming.state is not VideoState.PROCESSING:
        return True
    return store.take_over(video, coming, now() + PREVIOUS_KEPT)


def fail(video_id: VideoId, upload_id: UploadId, failure: Failure) -> bool:
    """Record why the version failed and say so; False if it is ready. True also where nobody knows of it any more.

    Idempotent like `publish`.
    """
    store.fail(video_id, upload_id, failure)
    try:
        video = videos.get(video_id)
    except VideoGone:
        return True
    version = video.through(upload_id)
    if version is None:
        return True
    if version.state is not VideoState.FAILED:
        return False
    events.publish(
        VideoFailed(
            event_id=_event_id(VideoFailed, video, upload_id),
            video_id=video_id,
            owner_id=video.owner_id,
            reason=failure.message,
        )
    )
    return True


def replace(video: Video, *, filename: str, size_bytes: int, content_type: str) -> Video:
    """Open the upload of a new file for a video that plays on; an unfinished replacement gives way to it.

    Raises StillProcessing, or ChangedMeanwhile.
    """
    if video.state not in {VideoState.READY, VideoState.FAILED}:
        raise StillProcessing(video.video_id)
    place = UploadPlace(video.video_id, UploadId(new_id()))
    coming = Replacement(
        upload=uploads.begin(place, filename, size_bytes, content_type),
        state=VideoState.UPLOADING,
        home=video.wanted_home,
    )
    if not store.set_replacement(video, coming):
        uploads.abort(place, coming.upload)
        raise ChangedMeanwhile(video.video_id)
    _abort(video)
    return _replaced(video, coming)


def cancel_replacement(video: Video) -> Video:
    """Forget the replacement on its way, wherever it is; natural to repeat. Raises ChangedMeanwhile."""
    if video.replacement is None:
        return video
    if not store.drop_replacement(video):
        raise ChangedMeanwhile(video.video_id)
    _abort(video)
    after = _replaced(video, None)
    settle(after)
    return after


def retry(video_id: VideoId, owner_id: UserId) -> Video:
    """Move what has failed back to processing, and return the video as that version has it.

    Raises NothingToRetry. Repeated at once it returns the same attempt: whoever starts the workflow may try again.
    """
    upload_id = newest_upload(video_id, owner_id)
    store.retry(video_id, upload_id)
    version = videos.get(video_id).through(upload_id)
    if version is None or version.state is not VideoState.PROCESSING or version.attempt == 1:
        raise NothingToRetry(video_id)
    return version


def newest_upload(video_id: VideoId, owner_id: UserId) -> UploadId:
    """Return the upload that the owner made last; raises VideoGone."""
    video = videos.get(video_id)
    if video.owner_id != owner_id:
        raise VideoGone(video_id)
    return video.replacement.upload.upload_id if video.replacement else video.upload.upload_id


def cancel(video_id: VideoId, owner_id: UserId, failure: Failure) -> Video:
    """Give up what is in processing, for the reason given; return the video as that version was before.

    Raises VideoGone or NothingToCancel.
    """
    upload_id = newest_upload(video_id, owner_id)
    version = videos.get(video_id).through(upload_id)
    if version is None or version.state is not VideoState.PROCESSING:
        raise NothingToCancel(video_id)
    if not fail(video_id, upload_id, failure):
        raise NothingToCancel(video_id)
    return version


def _replaced(video: Video, coming: Replacement | None) -> Video:
    return video.model_copy(update={"replacement": coming, "version": video.version + 1})


def _abort(video: Video) -> None:
    """End the upload of a replacement that is no longer wanted."""
    if video.replacement and video.replacement.state is VideoState.UPLOADING:
        place = UploadPlace(video.video_id, video.replacement.upload.upload_id)
        uploads.abort(place, video.replacement.upload)
