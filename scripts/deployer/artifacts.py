"""Make archives that are the same for the same content, and keep them in the deploy bucket by their hash."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType

# Zip's own beginning of time: the date must not depend on when a file was checked out.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = frozenset({"__pycache__", ".stamps", ".DS_Store"})


def write_zip(folder: Path, target: Path | io.BytesIO) -> None:
    """Archive a folder in name order, with modes kept and dates fixed."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            relative = file.relative_to(folder)
            if not file.is_file() or _LEFT_OUT.intersection(relative.parts):
                continue
            entry = zipfile.ZipInfo(relative.as_posix(), _EPOCH)
            # Only whether it may be run: the rest is the umask of whoever checked it out.
            entry.external_attr = (0o100755 if file.stat().st_mode & 0o100 else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def zip_bytes(folder: Path) -> bytes:
    """Return a folder's archive."""
    buffer = io.BytesIO()
    write_zip(folder, buffer)
    return buffer.getvalue()


class DeployBucket:
    """The bucket of packaged code; a key names its content, so nothing is uploaded twice."""

    def __init__(self, s3: S3Client, name: str, region: str) -> None:
        """Remember where to upload; nothing is asked until the first upload."""
        self._s3 = s3
        self.name = name
        self._region = region
        self._known: set[str] | None = None
        self.uploaded: list[str] = []

    def put(self, content: bytes, suffix: str) -> str:
        """Upload content under its hash unless it is there; return its key."""
        key = f"{hashlib.sha256(content).hexdigest()}{suffix}"
        if key not in self._keys():
            self._s3.put_object(Bucket=self.name, Key=key, Body=content)
            self._remember(key)
        return key

    def put_file(self, file: Path, key: str) -> str:
        """Upload a file under a key that already names its content unless it is there; return the key."""
        if key not in self._keys():
            self._s3.upload_file(str(file), self.name, key)
            self._remember(key)
        return key

    def url(self, key: str) -> str:
        """Return the address that CloudFormation reads a template from."""
        return f"{self._s3.meta.endpoint_url}/{self.name}/{key}"

    def _remember(self, key: str) -> None:
        self._keys().add(key)
        self.uploaded.append(key)

    def _keys(self) -> set[str]:
        """Return what the bucket holds, read once: one listing is cheaper than a question per artifact."""
        if self._known is None:
            self._known = set()
            try:
                pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
                self._known = {item["Key"] for page in pages for item in page.get("Contents", [])}
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchBucket":
                    raise
                self._create()
        return self._known

    def _create(self) -> None:
        if self._region == "us-east-1":
            self._s3.create_bucket(Bucket=self.name)  # the one region that must not be named
        else:
            place: BucketLocationConstraintType = self._region  # type: ignore[assignment]  # any region's name
            self._s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": place})
        self._s3.put_public_access_block(
            Bucket=self.name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
