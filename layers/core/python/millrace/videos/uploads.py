"""Multipart uploads: S3 takes the bytes, we hand out presigned addresses.

The client puts each part, then posts the list of ETags to `complete_url`
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html). S3's own event then
starts the workflow: nobody has to believe the client.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from botocore.exceptions import ClientError

from millrace.platform import clients, settings
from millrace.platform.clock import now
from millrace.videos.errors import UploadClosed
from millrace.videos.model import Upload
from millrace.videos.places import UploadPlace

# S3 takes at most this many parts, each but the last of 5 MiB at least.
MAX_PARTS = 10_000
PART_SIZE_BYTES = 16 * 1024**2
# One answer names at most this many parts: 1.6 GB in the default size, and a page of some 60 KB.
PARTS_PER_PAGE = 100
# Longer than any sensible part takes; a resumed upload asks for fresh addresses.
URL_LIFETIME = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: where to put it, or the ETag that S3 answered for it."""

    part_number: int
    url: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload that still takes parts; `next_part` is where the next page begins."""

    parts: tuple[Part, ...]
    part_count: int
    next_part: int | None
    complete_url: str
    expires_at: datetime


def part_size_for(size_bytes: int) -> int:
    """Return the part size: the default, or what keeps a giant within S3's count, in whole MiB."""
    mebibyte = 1024**2
    return max(PART_SIZE_BYTES, ceil(size_bytes / MAX_PARTS / mebibyte) * mebibyte)


def begin(place: UploadPlace, filename: str, size_bytes: int, content_type: str) -> Upload:
    """Open a multipart upload on S3."""
    answer = clients.s3().create_multipart_upload(
        Bucket=settings.require("UPLOADS_BUCKET"), Key=place.source_key, ContentType=content_type
    )
    return Upload(
        upload_id=place.upload_id,
        s3_upload_id=answer["UploadId"],
        filename=filename,
        size_bytes=size_bytes,
        part_size_bytes=part_size_for(size_bytes),
    )


def abort(place: UploadPlace, upload: Upload) -> None:
    """End a multipart upload and let S3 forget its parts; one that is finished or gone is left alone."""
    try:
        clients.s3().abort_multipart_upload(
            Bucket=settings.require("UPLOADS_BUCKET"), Key=place.source_key, UploadId=upload.s3_upload_id
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchUpload", "404"}:
            raise


def page(place: UploadPlace, upload: Upload, first_part: int) -> OpenUpload:
    """Return the addresses of up to PARTS_PER_PAGE parts, and which of them S3 has; raises UploadClosed."""
    part_count = max(1, ceil(upload.size_bytes / upload.part_size_bytes))
    last_part = min(part_count, first_part + PARTS_PER_PAGE - 1)
    stored = _stored_parts(place, upload, first_part, last_part)
    numbers = range(first_part, last_part + 1)
    return OpenUpload(
        parts=tuple(Part(number, _sign(place, upload, number), stored.get(number)) for number in numbers),
        part_count=part_count,
        next_part=last_part + 1 if last_part < part_count else None,
        complete_url=_sign(place, upload, None),
        expires_at=now() + URL_LIFETIME,
    )


def _sign(place: UploadPlace, upload: Upload, part_number: int | None) -> str:
    """Presign the PUT of a part, or the POST that completes the upload."""
    where = {
        "Bucket": settings.require("UPLOADS_BUCKET"),
        "Key": place.source_key,
        "UploadId": upload.s3_upload_id,
    }
    lifetime_s = int(URL_LIFETIME.total_seconds())
    s3 = clients.s3()
    if part_number is None:
        return s3.generate_presigned_url("complete_multipart_upload", Params=where, ExpiresIn=lifetime_s)
    return s3.generate_presigned_url("upload_part", Params={**where, "PartNumber": part_number}, ExpiresIn=lifetime_s)


def _stored_parts(place: UploadPlace, upload: Upload, first_part: int, last_part: int) -> dict[int, str]:
    """Ask S3 which parts it has: number → ETag."""
    try:
        # One call is enough: it lists up to a page of what is stored after the marker.
        listed = clients.s3().list_parts(
            Bucket=settings.require("UPLOADS_BUCKET"),
            Key=place.source_key,
            UploadId=upload.s3_upload_id,
            PartNumberMarker=first_part - 1,
            MaxParts=PARTS_PER_PAGE,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchUpload":
            raise UploadClosed(place.video_id) from error
        raise
    return {part["PartNumber"]: part["ETag"] for part in listed.get("Parts", []) if part["PartNumber"] <= last_part}
