"""Bring a video's media to where it belongs, and remove what nobody may fetch any more.

The rule that everything here keeps: nothing lies in the public folder that the record, read afterwards, wants
private. A move is copy, switch of the record, deletion, invalidation; each may run twice, and each looks at the
record again. To the public folder playlists come last, and from it they go first: without them segments are noise.
"""

from collections.abc import Sequence
from datetime import timedelta

from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.errors import WorkflowError
from millrace.platform.ids import new_id
from millrace.platform.steps import Deadline
from millrace.videos import store as videos
from millrace.videos.model import Home, Previous, Video, VideoState
from millrace.videos.places import UploadPlace, media_folder, picture_key, place_of, poster_name
from millrace.videos.settling import captions, objects, store

# A lease outlives the copying of one batch many times over.
LEASE = timedelta(seconds=60)
# So many copies, and then the record is looked at again: what the owner has just closed stays open no longer.
BATCH = 128
# Left for what follows the copying.
MARGIN_S = 20
PLAYLISTS = (".m3u8", ".mpd")


class MediaBusy(WorkflowError):
    """Somebody else settles this video's media: try again in a moment."""


class OutOfTime(WorkflowError):
    """The function's time is nearly over: what is copied is kept, and the next try goes on from there."""


class RecordChanged(WorkflowError):
    """The record is no longer what this began with: look at it again."""


def settle(video: Video, deadline: Deadline) -> None:
    """Move and sweep the media of a video that is not deleted. Raises MediaBusy, OutOfTime or RecordChanged."""
    lease = _Lease(video)
    try:
        if video.home is not video.wanted_home:
            video = _move(video, lease, deadline)
        _place_poster(video)
        if video.state is VideoState.READY:
            captions.place(video)
        _sweep(video, lease)
    finally:
        store.release(video.video_id, lease.id)


class _Lease:
    """The right to settle one version of the record, for as long as it is renewed."""

    def __init__(self, video: Video) -> None:
        self.id = new_id()
        if not store.take_lease(video, self.id, now() + LEASE):
            raise self._why(video)

    def renew(self, video: Video) -> None:
        """Go on; raises RecordChanged if the owner has changed their mind."""
        if not store.take_lease(video, self.id, now() + LEASE):
            raise self._why(video)

    @staticmethod
    def _why(video: Video) -> WorkflowError:
        found = videos.find(video.video_id)
        unchanged = found is not None and found.version == video.version
        return MediaBusy(video.video_id) if unchanged else RecordChanged(video.video_id)


def _move(video: Video, lease: _Lease, deadline: Deadline) -> Video:
    """Copy to where it is wanted and say so in the record; return it as it is then."""
    home = video.wanted_home
    _copy_missing(video, home, lease, deadline)
    if not store.switch_home(video, lease.id, home):
        raise RecordChanged(video.video_id)
    moved = video.model_copy(update={"home": home})
    if video.state is VideoState.PROCESSING:
        # What encoders put there up to the switch; a chunk that comes later counts only where the video is now.
        _copy_missing(video, home, lease, deadline)
    return moved


def _copy_missing(video: Video, home: Home, lease: "_Lease", deadline: Deadline) -> None:
    bucket = settings.require("MEDIA_BUCKET")
    place = place_of(video)
    source, target = place.media_prefix(video.home), place.media_prefix(home)
    there = set(objects.keys(bucket, target))
    pairs = [(key, target + key.removeprefix(source)) for key in objects.keys(bucket, source)]
    missing = [pair for pair in pairs if pair[1] not in there]
    for start, batch in _batches(sorted(missing, key=lambda pair: pair[1].endswith(PLAYLISTS))):
        if deadline.remaining_s() < MARGIN_S:
            raise OutOfTime(f"{start} of {len(missing)} objects copied")
        lease.renew(video)
        objects.copy(bucket, batch)


def _place_poster(video: Video) -> None:
    """Copy the owner's own poster to where the video is played from, unless it is there: a new version has none."""
    if not video.poster or video.state is not VideoState.READY:
        return
    key = place_of(video).media_prefix(video.home) + poster_name(video.poster)
    if key not in set(objects.keys(settings.require("MEDIA_BUCKET"), key)):
        objects.copy_picture(picture_key(video.video_id, video.poster), key)


def _batches(pairs: Sequence[tuple[str, str]]) -> list[tuple[int, Sequence[tuple[str, str]]]]:
    return [(start, pairs[start : start + BATCH]) for start in range(0, len(pairs), BATCH)]


def _sweep(video: Video, lease: _Lease) -> None:
    """Delete every folder of the video's that its record does not name."""
    bucket = settings.require("MEDIA_BUCKET")
    found = [folder for home in Home for folder in objects.folders(bucket, media_folder(home, video.video_id))]
    # Read after the listing: a folder has its upload in the record before its first object. So what was listed and is
    # not in the record now never will be again.
    current = videos.find(video.video_id)
    if current is None or current.version != video.version:
        raise RecordChanged(video.video_id)
    kept = _kept(current)
    doomed = [folder for folder in found if folder not in kept]
    if any(folder.startswith(media_folder(Home.PUBLIC, video.video_id)) for folder in doomed):
        # Noted first: should this end between the deletion and the invalidation, the next try invalidates.
        if not store.note_cached(video, lease.id):
            raise RecordChanged(video.video_id)
        current = current.model_copy(update={"is_cached": True})
    for folder in doomed:
        lease.renew(video)
        _delete(bucket, folder)
    if current.is_cached:
        objects.purge(video.video_id)
        store.note_purged(video, lease.id)
    if current.previous and not _keeps(current, current.previous):
        store.drop_previous(video, lease.id)


def _delete(bucket: str, folder: str) -> None:
    doomed = sorted(objects.keys(bucket, folder), key=lambda key: not key.endswith(PLAYLISTS))
    objects.delete(bucket, doomed)


def _kept(video: Video) -> set[str]:
    """Return the folders that the record names."""
    kept = {place_of(video).media_prefix(video.home)}
    if video.replacement:
        place = UploadPlace(video.video_id, video.replacement.upload.upload_id)
        kept.add(place.media_prefix(video.replacement.home))
    if video.previous and _keeps(video, video.previous):
        kept.add(UploadPlace(video.video_id, video.previous.upload_id).media_prefix(video.previous.home))
    return kept


def _keeps(video: Video, previous: Previous) -> bool:
    """Whether those who watch the version before may go on: not in the open, if the video no longer is."""
    in_the_open = previous.home is Home.PUBLIC and video.wanted_home is Home.PRIVATE
    return now() < previous.until and not in_the_open
