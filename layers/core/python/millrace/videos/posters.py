"""Custom posters: presigned to the uploads bucket, looked at, then copied clean to where viewers get them.

    uploads bucket   posters/<video_id>/<poster_id>     as it came; expires after a day
    uploads bucket   pictures/<video_id>/<poster>       clean; for the folders that media moves to later
    media bucket     <the version's folder>/poster_<poster>

What was uploaded is never served: only the clean copy is, under the media type that its bytes have.
"""

from dataclasses import dataclass
from datetime import datetime

from millrace.media.picture import PictureKind, PictureRejected, clean_picture
from millrace.platform import clients, settings, small_uploads
from millrace.platform.ids import VideoId, new_id
from millrace.videos.errors import PosterMissing, PosterRejected
from millrace.videos.model import Video, VideoState
from millrace.videos.places import candidate_name, picture_key, place_of, poster_name

MAX_POSTER_BYTES = 4 * 1024**2
MIN_SIDE_PX = 90
MAX_SIDE_PX = 4096
# The address names the picture, and the picture behind an address never changes.
CACHE_CONTROL = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class OpenPoster:
    """Where to put a picture, and with which headers."""

    poster_id: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


def begin(video_id: VideoId, kind: PictureKind, size_bytes: int) -> OpenPoster:
    """Sign the upload of one file of exactly this size and type: S3 refuses any other."""
    poster_id = new_id()
    opened = small_uploads.begin(_source_key(video_id, poster_id), kind.value, size_bytes)
    return OpenPoster(poster_id, opened.url, opened.headers, opened.expires_at)


def clean(video: Video, poster_id: str) -> str:
    """Look at the uploaded picture and keep it clean; return its name. Raises PosterMissing or PosterRejected."""
    return _keep(video, poster_id, _fetch(settings.require("UPLOADS_BUCKET"), _source_key(video.video_id, poster_id)))


def from_film(video: Video, number: int) -> str:
    """Keep one of the pictures that were drawn from the film; return its name. Raises PosterMissing.

    A copy, because it stays the poster when the film is replaced. Repeating it makes the same name.
    """
    if video.state is not VideoState.READY or not video.pictures or number > video.pictures.candidate_count:
        raise PosterMissing
    place = place_of(video)
    data = _fetch(settings.require("MEDIA_BUCKET"), place.media_prefix(video.home) + candidate_name(number))
    return _keep(video, f"{place.upload_id}-{number}", data)


def _keep(video: Video, poster_id: str, data: bytes) -> str:
    try:
        picture = clean_picture(data)
    except PictureRejected as rejected:
        raise PosterRejected(rejected.message) from rejected
    sides = (picture.width_px, picture.height_px)
    if min(sides) < MIN_SIDE_PX or max(sides) > MAX_SIDE_PX:
        raise PosterRejected(f"A poster has {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels a side.")
    poster = f"{poster_id}.{picture.kind.extension}"
    kept = settings.require("UPLOADS_BUCKET"), picture_key(video.video_id, poster)
    # Straight to where it is played from, so that no viewer comes before it; settling looks after later moves.
    shown = settings.require("MEDIA_BUCKET"), place_of(video).media_prefix(video.home) + poster_name(poster)
    for bucket, key in (kept, shown) if video.state is VideoState.READY else (kept,):
        clients.s3().put_object(
            Bucket=bucket, Key=key, Body=picture.data, ContentType=picture.kind.value, CacheControl=CACHE_CONTROL
        )
    return poster


def _fetch(bucket: str, key: str) -> bytes:
    try:
        return small_uploads.fetch(bucket, key, MAX_POSTER_BYTES)
    except small_uploads.Missing as error:
        raise PosterMissing from error
    except small_uploads.TooLarge as error:
        raise PosterRejected(f"A poster may have {MAX_POSTER_BYTES // 1024**2} MB at most.") from error


def _source_key(video_id: VideoId, poster_id: str) -> str:
    return f"posters/{video_id}/{poster_id}"
