"""Downloads: the owner asks for a video as one file, which is made, kept for a week, and fetched from S3.

    uploads bucket   downloads/<video_id>/<upload_id>/<rendition>.mp4    the file; expires after a week
    uploads bucket   downloads/<video_id>/<upload_id>/<rendition>.json   since when it is being made

The file being there is what "ready" means, so nothing has to be kept in step with it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from botocore.exceptions import ClientError
from pydantic import AwareDatetime, BaseModel

from millrace.media.package import MeasuredTrack
from millrace.platform import clients, events, settings
from millrace.platform.clock import now
from millrace.platform.errors import Invalid
from millrace.platform.events import DownloadAsked
from millrace.platform.ids import UserId, VideoId
from millrace.videos import packaging
from millrace.videos.downloads.errors import DownloadNotAsked
from millrace.videos.errors import NotPlayable
from millrace.videos.model import Video, VideoState
from millrace.videos.packaging import MISSING, Packaged
from millrace.videos.places import UploadPlace, place_of
from millrace.videos.service import owned

URL_LIFETIME = timedelta(hours=1)
# A function has a quarter of an hour, and is tried three times: after that nobody is at it any more.
GIVEN_UP = timedelta(minutes=50)
# What a function can copy twice in its time, with room to spare.
MAX_BYTES = 20 * 1024**3


class DownloadState(StrEnum):
    """Where a download is on its way."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Download:
    """A download; address, size and expiry of the address are known once it is ready."""

    state: DownloadState
    rendition: str
    size_bytes: int | None = None
    url: str | None = None
    expires_at: datetime | None = None


class _Note(BaseModel):
    """That a download was asked for."""

    asked_at: AwareDatetime


def ask(video_id: VideoId, owner_id: UserId, rendition: str | None) -> Download:
    """Have the owner's video made into one file, of the best rendition unless one is named; natural to repeat.

    Raises VideoGone, NotPlayable or Invalid.
    """
    video, name = _wanted(video_id, owner_id, rendition)
    found = _find(video, name)
    if found is not None and found.state is not DownloadState.FAILED:
        return found
    place = place_of(video)
    packaged = packaging.find(place)
    if packaged is None:
        raise NotPlayable(video_id)
    if size_of(packaged, name) > MAX_BYTES:
        raise Invalid("rendition", "This rendition is too large for one file. Choose a smaller one.")
    note = _Note(asked_at=now())
    clients.s3().put_object(
        Bucket=settings.require("UPLOADS_BUCKET"), Key=_note_key(place, name), Body=note.model_dump_json().encode()
    )
    events.publish(DownloadAsked(video_id=video_id, upload_id=place.upload_id, rendition=name))
    return Download(DownloadState.PREPARING, name)


def look(video_id: VideoId, owner_id: UserId, rendition: str | None) -> Download:
    """Return how far the download is; raises VideoGone, NotPlayable, Invalid or DownloadNotAsked."""
    video, name = _wanted(video_id, owner_id, rendition)
    found = _find(video, name)
    if found is None:
        raise DownloadNotAsked(video_id)
    return found


def _wanted(video_id: VideoId, owner_id: UserId, rendition: str | None) -> tuple[Video, str]:
    video = owned(video_id, owner_id)
    if video.state is not VideoState.READY or video.film is None:
        raise NotPlayable(video_id)
    name = rendition or video.film.renditions[0]
    if name not in video.film.renditions:
        raise Invalid("rendition", f"This video has no such rendition; it has {', '.join(video.film.renditions)}.")
    return video, name


def _find(video: Video, rendition: str) -> Download | None:
    """Return the download of the current version, if it was asked for."""
    place, s3, bucket = place_of(video), clients.s3(), settings.require("UPLOADS_BUCKET")
    key = file_key(place, rendition)
    try:
        size_bytes = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
        return _on_its_way(place, rendition)
    named = {"ResponseContentDisposition": _disposition(video.title), "ResponseContentType": "video/mp4"}
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key, **named}, ExpiresIn=int(URL_LIFETIME.total_seconds())
    )
    return Download(DownloadState.READY, rendition, size_bytes, url, now() + URL_LIFETIME)


def _on_its_way(place: UploadPlace, rendition: str) -> Download | None:
    try:
        found = clients.s3().get_object(Bucket=settings.require("UPLOADS_BUCKET"), Key=_note_key(place, rendition))
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
        return None
    asked_at = _Note.model_validate_json(found["Body"].read()).asked_at
    is_late = now() > asked_at + GIVEN_UP
    return Download(DownloadState.FAILED if is_late else DownloadState.PREPARING, rendition)


def size_of(packaged: Packaged, rendition: str) -> int:
    """Return about how large the file will be."""
    tracks = [track for track in packaged.video if track.name == track_name(rendition)]
    tracks += default_sound(packaged)
    return sum(segment.size_bytes for track in tracks for segment in track.segments)


def default_sound(packaged: Packaged) -> list[MeasuredTrack]:
    """Return the sound that is heard unless another is chosen; nothing of a silent film."""
    chosen = sorted(packaged.plan.audio, key=lambda audio: not audio.is_default)[:1]
    return [track for audio in chosen for track in packaged.audio if track.name == audio.name]


def track_name(rendition: str) -> str:
    """Return the name of a rendition's track: "720p" is what people read."""
    return f"video_{rendition}"


def file_key(place: UploadPlace, rendition: str) -> str:
    """Return where the file lies, in the uploads bucket."""
    return f"downloads/{place.video_id}/{place.upload_id}/{rendition}.mp4"


def _note_key(place: UploadPlace, rendition: str) -> str:
    return f"downloads/{place.video_id}/{place.upload_id}/{rendition}.json"


def _disposition(title: str) -> str:
    """Return the header that names the file after the video (RFC 6266)."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in " -_") else "_" for letter in title)
    return f"attachment; filename=\"{plain[:100].strip() or 'video'}.mp4\"; filename*=UTF-8''{quote(title[:100])}.mp4"
