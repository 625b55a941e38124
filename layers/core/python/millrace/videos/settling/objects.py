"""Objects in bulk: list, copy, delete, and make the caches forget."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from millrace.platform import clients, settings
from millrace.platform.ids import VideoId, new_id
from millrace.videos.model import Home
from millrace.videos.places import media_folder

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# S3 lists and deletes at most this many objects in a call.
PAGE = 1000
# A server-side copy is all waiting; more would only queue for the client's connections.
COPIES_AT_ONCE = 32


def keys(bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys that begin with the prefix."""
    for page in clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            yield found["Key"]


def folders(bucket: str, prefix: str) -> list[str]:
    """Return the folders right below the prefix; both end with a slash."""
    pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]


def delete(bucket: str, doomed: Sequence[str]) -> None:
    """Delete objects; those that are gone already are no fault. Raises RuntimeError where S3 keeps one."""
    for start in range(0, len(doomed), PAGE):
        batch: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in doomed[start : start + PAGE]]
        answer = clients.s3().delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if errors := answer.get("Errors"):
            raise RuntimeError(f"S3 kept {len(errors)} objects: {errors[0].get('Code')}")


def delete_folder(bucket: str, prefix: str) -> bool:
    """Delete all that begins with the prefix; False if there was nothing."""
    doomed = list(keys(bucket, prefix))
    delete(bucket, doomed)
    return bool(doomed)


def copy(bucket: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Copy objects within the bucket side by side, with what is said about them; the first failure is raised."""
    s3 = clients.s3()

    def copy_one(pair: tuple[str, str]) -> None:
        source, target = pair
        s3.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source})

    with ThreadPoolExecutor(COPIES_AT_ONCE) as threads:
        for _ in threads.map(copy_one, pairs):
            pass


def copy_picture(source: str, target: str) -> None:
    """Copy a picture from the uploads bucket to the media bucket."""
    clients.s3().copy_object(
        Bucket=settings.require("MEDIA_BUCKET"),
        Key=target,
        CopySource={"Bucket": settings.require("UPLOADS_BUCKET"), "Key": source},
    )


def purge(video_id: VideoId) -> None:
    """Make every cache forget the video's media. A repeat costs an invalidation, and nothing else."""
    purge_paths([f"/{media_folder(home, video_id)}*" for home in Home])


def purge_paths(paths: Sequence[str]) -> None:
    """Make every cache forget these paths."""
    clients.cloudfront().create_invalidation(
        DistributionId=settings.require("DISTRIBUTION_ID"),
        InvalidationBatch={"CallerReference": new_id(), "Paths": {"Quantity": len(paths), "Items": list(paths)}},
    )
