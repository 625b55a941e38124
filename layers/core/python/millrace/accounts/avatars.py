"""Pictures of people: presigned to the uploads bucket, looked at, then copied clean to where viewers get them.

    uploads bucket   avatars/<user_id>/<avatar_id>                      as it came; expires after a day
    media bucket     media/public/avatars/<user_id>/<avatar_id>.<ext>   what viewers get; never changes

What was uploaded is never served: only the copy is, without what a camera wrote into it, under the type of its bytes.
"""

from millrace.accounts import store
from millrace.accounts.errors import AvatarMissing, AvatarRejected
from millrace.accounts.messages import AvatarDraft, AvatarUpload, User
from millrace.accounts.model import MAX_AVATAR_BYTES, MAX_AVATAR_SIDE_PX, MIN_AVATAR_SIDE_PX
from millrace.media.picture import Picture, PictureRejected, clean_picture
from millrace.platform import clients, settings, small_uploads
from millrace.platform.ids import UserId, new_id

# The address names the picture, and the picture behind an address never changes.
CACHE_CONTROL = "public, max-age=31536000, immutable"


def begin(user_id: UserId, draft: AvatarDraft) -> AvatarUpload:
    """Sign the upload of one file of exactly this size and type: S3 refuses any other."""
    avatar_id = new_id()
    opened = small_uploads.begin(_source_key(user_id, avatar_id), draft.content_type.value, draft.size_bytes)
    return AvatarUpload(avatar_id=avatar_id, url=opened.url, headers=opened.headers, expires_at=opened.expires_at)


def publish(user_id: UserId, avatar_id: str) -> User:
    """Show an uploaded picture; raises AccountGone, AvatarMissing or AvatarRejected. Safe to repeat."""
    before = store.account(user_id)
    picture = _checked(_fetch(_source_key(user_id, avatar_id)))
    key = f"{_media_prefix(user_id)}{avatar_id}.{picture.kind.extension}"
    clients.s3().put_object(
        Bucket=settings.require("MEDIA_BUCKET"),
        Key=key,
        Body=picture.data,
        ContentType=picture.kind.value,
        CacheControl=CACHE_CONTROL,
    )
    after = store.set_avatar(user_id, key)
    if before.avatar_key != key:
        _remove(before.avatar_key)
    return User.of(after)


def remove(user_id: UserId) -> User:
    """Show no picture any more; raises AccountGone. Repeating it changes nothing."""
    before = store.account(user_id)
    after = store.set_avatar(user_id, "")
    _remove(before.avatar_key)
    return User.of(after)


def remove_all(user_id: UserId) -> None:
    """Delete every picture of somebody whose account goes, those that were never shown too."""
    for bucket, prefix in (
        (settings.require("MEDIA_BUCKET"), _media_prefix(user_id)),
        (settings.require("UPLOADS_BUCKET"), _source_key(user_id, "")),
    ):
        pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for found in (item for page in pages for item in page.get("Contents", [])):
            clients.s3().delete_object(Bucket=bucket, Key=found["Key"])


def _remove(key: str) -> None:
    if key:
        clients.s3().delete_object(Bucket=settings.require("MEDIA_BUCKET"), Key=key)


def _fetch(key: str) -> bytes:
    try:
        return small_uploads.fetch(settings.require("UPLOADS_BUCKET"), key, MAX_AVATAR_BYTES)
    except small_uploads.Missing as error:
        raise AvatarMissing from error
    except small_uploads.TooLarge as error:
        raise AvatarRejected(f"A picture may have {MAX_AVATAR_BYTES // 1024**2} MB at most.") from error


def _checked(data: bytes) -> Picture:
    try:
        picture = clean_picture(data)
    except PictureRejected as rejected:
        raise AvatarRejected(rejected.message) from rejected
    sides_px = picture.width_px, picture.height_px
    if not MIN_AVATAR_SIDE_PX <= min(sides_px) <= max(sides_px) <= MAX_AVATAR_SIDE_PX:
        raise AvatarRejected(f"A picture has {MIN_AVATAR_SIDE_PX} to {MAX_AVATAR_SIDE_PX} pixels a side.")
    return picture


def _source_key(user_id: UserId, avatar_id: str) -> str:
    return f"avatars/{user_id}/{avatar_id}"


def _media_prefix(user_id: UserId) -> str:
    return f"media/public/avatars/{user_id}/"
