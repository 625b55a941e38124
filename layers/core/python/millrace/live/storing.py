"""Playlists and files in the media bucket."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from millrace.live.places import init_name, segment_name
from millrace.media.package import MANIFEST
from millrace.platform import clients, settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

HLS_TYPE = "application/vnd.apple.mpegurl"
DASH_TYPE = "application/dash+xml"
# Short enough to mend a mistake.
CACHING = "public, max-age=60"
# Enough to hide S3's round trip.
WRITES_AT_ONCE = 8


def put_playlists(folder: str, files: Mapping[str, str]) -> None:
    """Write playlists below a folder, those that name others last."""

    def write(name: str) -> None:
        put(folder + name, files[name].encode(), DASH_TYPE if name == MANIFEST else HLS_TYPE)

    with ThreadPoolExecutor(WRITES_AT_ONCE) as threads:
        for named in (True, False):
            list(threads.map(write, [name for name in files if ("/" in name) is named]))


def put(key: str, body: bytes, content_type: str) -> None:
    """Write a file."""
    bucket = settings.require("MEDIA_BUCKET")
    clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, CacheControl=CACHING)


def exists(key: str) -> bool:
    """Tell whether there is such a file."""
    try:
        clients.s3().head_object(Bucket=settings.require("MEDIA_BUCKET"), Key=key)
    except ClientError:
        return False
    return True


def delete_all(prefix: str) -> None:
    """Delete all that begins with the prefix. Natural to repeat."""
    s3, bucket = clients.s3(), settings.require("MEDIA_BUCKET")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        doomed: list[ObjectIdentifierTypeDef] = [{"Key": found["Key"]} for found in page.get("Contents", [])]
        if doomed:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})


def track_keys(folder: str, period: int, numbers: Iterable[int]) -> list[str]:
    """Return the keys of a track's init segment and of some of its segments."""
    return [folder + init_name(period), *(folder + segment_name(period, number) for number in numbers)]
