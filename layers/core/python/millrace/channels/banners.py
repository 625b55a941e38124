"""Banners: presigned to the uploads bucket, looked at, then copied clean to where viewers get them.

    uploads bucket   banners/<channel_id>/<banner_id>                      as it came; expires after a day
    media bucket     media/public/banners/<channel_id>/<banner_id>.<ext>   what viewers get; never changes

What was uploaded is never served: only the copy is, under the media type that its bytes have.
"""

from dataclasses import dataclass
from datetime import datetime

from millrace.channels.errors import BannerMissing, BannerRejected
from millrace.channels.model import (
    MAX_BANNER_BYTES,
    MAX_BANNER_SIDE_PX,
    MIN_BANNER_HEIGHT_PX,
    MIN_BANNER_WIDTH_PX,
    Banner,
)
from millrace.media.picture import Picture, PictureKind, PictureRejected, clean_picture
from millrace.platform import clients, settings, small_uploads
from millrace.platform.ids import ChannelId, new_id

# The address names the picture, and the picture behind an address never changes.
CACHE_CONTROL = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class OpenBanner:
    """Where to put a picture, and with which headers."""

    banner_id: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


def begin(channel_id: ChannelId, kind: PictureKind, size_bytes: int) -> OpenBanner:
    """Sign the upload of one file of exactly this size and type: S3 refuses any other."""
    banner_id = new_id()
    opened = small_uploads.begin(_source_key(channel_id, banner_id), kind.value, size_bytes)
    return OpenBanner(banner_id, opened.url, opened.headers, opened.expires_at)


def publish(channel_id: ChannelId, banner_id: str) -> Banner:
    """Look at the uploaded picture and copy it clean; raises BannerMissing or BannerRejected. Safe to repeat."""
    picture = _checked(_fetch(_source_key(channel_id, banner_id)))
    banner = Banner(banner_id, picture.kind, picture.width_px, picture.height_px)
    clients.s3().put_object(
        Bucket=settings.require("MEDIA_BUCKET"),
        Key=_media_key(channel_id, banner),
        Body=picture.data,
        ContentType=picture.kind.value,
        CacheControl=CACHE_CONTROL,
    )
    return banner


def remove(channel_id: ChannelId, banner: Banner) -> None:
    """Delete a banner that no channel shows any more. Repeating it changes nothing."""
    clients.s3().delete_object(Bucket=settings.require("MEDIA_BUCKET"), Key=_media_key(channel_id, banner))


def banner_url(channel_id: ChannelId, banner: Banner) -> str:
    """Return the banner's path on the site: the key is the path."""
    return f"/{_media_key(channel_id, banner)}"


def _fetch(key: str) -> bytes:
    try:
        return small_uploads.fetch(settings.require("UPLOADS_BUCKET"), key, MAX_BANNER_BYTES)
    except small_uploads.Missing as error:
        raise BannerMissing from error
    except small_uploads.TooLarge as error:
        raise BannerRejected(f"A banner may have {MAX_BANNER_BYTES // 1024**2} MB at most.") from error


def _checked(data: bytes) -> Picture:
    try:
        picture = clean_picture(data)
    except PictureRejected as rejected:
        raise BannerRejected(rejected.message) from rejected
    width_px, height_px = picture.width_px, picture.height_px
    if width_px < MIN_BANNER_WIDTH_PX or height_px < MIN_BANNER_HEIGHT_PX:
        raise BannerRejected(f"A banner has at least {MIN_BANNER_WIDTH_PX} by {MIN_BANNER_HEIGHT_PX} pixels.")
    if max(width_px, height_px) > MAX_BANNER_SIDE_PX:
        raise BannerRejected(f"A banner has at most {MAX_BANNER_SIDE_PX} pixels a side.")
    return picture


def _source_key(channel_id: ChannelId, banner_id: str) -> str:
    return f"banners/{channel_id}/{banner_id}"


def _media_key(channel_id: ChannelId, banner: Banner) -> str:
    return f"media/public/banners/{channel_id}/{banner.banner_id}.{banner.kind.extension}"
