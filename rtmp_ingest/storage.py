"""The media bucket, as the ingest writes it."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Storage"]

# No name of a part, segment or init segment is ever used again for other bytes.
IMMUTABLE: Final = "public, max-age=31536000, immutable"
MEDIA_TYPE: Final = "video/mp4"


class Storage:
    """Store immutable media."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, data: bytes) -> None:
        """Store bytes under a key; raises errors of botocore."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=MEDIA_TYPE, CacheControl=IMMUTABLE)
