"""Small files that people send: a presigned address that takes exactly one, and its bytes once it has arrived.

They lie in the uploads bucket and expire there; whoever asked for one looks at it and keeps a copy of their own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from millrace.platform import clients, settings
from millrace.platform.clock import now

LIFETIME = timedelta(minutes=15)
# Without the right to list, S3 says of a missing object that it is forbidden.
_MISSING = frozenset({"NoSuchKey", "AccessDenied", "404", "403"})


class Missing(Exception):
    """Nothing has arrived there."""


class TooLarge(Exception):
    """The file is larger than what its address was made for."""


@dataclass(frozen=True, slots=True)
class SmallUpload:
    """Where to put a file, with which headers, and until when."""

    url: str
    headers: dict[str, str]
    expires_at: datetime


def begin(key: str, content_type: str, size_bytes: int) -> SmallUpload:
    """Sign the upload of one file of exactly this size and type: S3 refuses any other."""
    url = clients.s3().generate_presigned_url(
        "put_object",
        Params={
            "Bucket": settings.require("UPLOADS_BUCKET"),
            "Key": key,
            "ContentLength": size_bytes,
            "ContentType": content_type,
        },
        ExpiresIn=int(LIFETIME.total_seconds()),
        HttpMethod="PUT",
    )
    headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}
    return SmallUpload(url, headers, now() + LIFETIME)


def fetch(bucket: str, key: str, most_bytes: int) -> bytes:
    """Return a file of at most so many bytes; raises Missing or TooLarge."""
    try:
        found = clients.s3().get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise Missing from error
        raise
    # One byte more than allowed tells as much as all of them.
    data = found["Body"].read(most_bytes + 1)
    if len(data) > most_bytes:
        raise TooLarge
    return data
