"""What settling notes in the videos' table.

    access pattern                          request
    one settles a video's media at a time   UpdateItem video_id: a lease, which the record's version must outlive
    media has moved                         UpdateItem video_id, under the lease and the version
    the bus was told                        UpdateItem video_id, under the version
    a deleted video is forgotten            DeleteItem video_id, if it is deleted

Nothing here counts the version on: it follows from it.
"""

from datetime import datetime

from pynamodb.exceptions import DeleteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from millrace.platform.clock import now
from millrace.platform.ids import VideoId
from millrace.videos.model import Home, Video
from millrace.videos.store import Record, change_any, same_upload, table, translated


def note_announced(video: Video) -> None:
    """Note that the bus knows this version; an older note never replaces a newer one."""
    condition: Condition = Record.announced_version < video.version
    actions: list[Action] = [
        Record.announced_version.set(video.version),
        Record.announced_listed.set(video.is_listed),
    ]
    change_any(video.video_id, condition, actions)


def take_lease(video: Video, lease_id: str, until: datetime) -> bool:
    """Begin to settle this version's media, or go on; False while somebody else does, or when the record changed."""
    free: Condition = Record.lease_id.does_not_exist() | (Record.lease_until < now()) | (Record.lease_id == lease_id)
    condition: Condition = (Record.version == video.version) & free
    return change_any(video.video_id, condition, [Record.lease_id.set(lease_id), Record.lease_until.set(until)])


def release(video_id: VideoId, lease_id: str) -> None:
    """Let the next one settle the media."""
    condition: Condition = Record.lease_id == lease_id
    change_any(video_id, condition, [Record.lease_id.remove(), Record.lease_until.remove()])


def switch_home(video: Video, lease_id: str, home: Home) -> bool:
    """Say that the media lies there now; what leaves the public folder has to leave the caches too."""
    actions: list[Action] = [Record.home.set(home.value)]
    if video.home is Home.PUBLIC:
        actions.append(Record.is_cached.set(True))
    return change_any(video.video_id, _held(video, lease_id) & (Record.home == video.home.value), actions)


def note_cached(video: Video, lease_id: str) -> bool:
    """Note that caches may hold what is about to be deleted."""
    return change_any(video.video_id, _held(video, lease_id), [Record.is_cached.set(True)])


def note_purged(video: Video, lease_id: str) -> None:
    """Note that the caches were told to forget."""
    condition: Condition = Record.lease_id == lease_id
    change_any(video.video_id, condition, [Record.is_cached.remove()])


def drop_previous(video: Video, lease_id: str) -> None:
    """Forget the version before, whose media is gone."""
    change_any(video.video_id, _held(video, lease_id), [Record.previous.remove()])


def remove(video_id: VideoId) -> None:
    """Forget a deleted video for good; natural to repeat."""
    with translated():
        try:
            table()(video_id).delete(condition=Record.deleted_at.exists())
        except DeleteError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise


def _held(video: Video, lease_id: str) -> Condition:
    mine: Condition = Record.lease_id == lease_id
    unchanged: Condition = Record.version == video.version
    held: Condition = mine & unchanged & same_upload(video.upload.upload_id)
    return held
