"""Failures: what the owner of a video reads, and what is cleaned up."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from millrace.media.refusal import SourceRejected
from millrace.platform import clients, settings
from millrace.platform.errors import WorkflowError
from millrace.platform.observability import logger
from millrace.transcode.model import FailureTask
from millrace.videos import service
from millrace.videos.model import Failure, Video
from millrace.videos.places import place_of

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

OURS = Failure(
    code="internal",
    message="Something went wrong on our side while this video was prepared, and trying again did not help. "
    "The upload itself arrived; please upload it once more.",
)
# S3 deletes at most this many objects in a call.
DELETE_BATCH = 1000


class UploadRejected(WorkflowError):
    """The uploaded file cannot become a video, and never will: `code: sentence for the owner`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")


@contextmanager
def refusals() -> Iterator[None]:
    """Let the media package's refusal of a file travel as the error that the state machine knows."""
    try:
        yield
    except SourceRejected as error:
        raise UploadRejected(error.code, error.message) from error


def fail_video(task: FailureTask) -> None:
    """Record why the video failed, and remove what was encoded of it. Idempotent."""
    failure = read_failure(task.error, task.cause)
    logger().error("video failed", video_id=task.video_id, code=failure.code, error=task.error, cause=task.cause)
    video = service.fail(task.video_id, task.upload_id, failure)
    if video is not None:
        _remove_media(video)


def read_failure(error: str, cause: str) -> Failure:
    """Turn what the state machine caught into what the owner reads.

    A refused source speaks for itself; any other error is ours, and its details stay in the log.
    """
    if error != UploadRejected.__name__:
        return OURS
    try:
        code, separator, message = str(json.loads(cause)["errorMessage"]).partition(": ")
    except (ValueError, KeyError, TypeError):
        return OURS
    return Failure(code=code, message=message) if separator else OURS


def _remove_media(video: Video) -> None:
    s3 = clients.s3()
    bucket = settings.require("MEDIA_BUCKET")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket,
        Prefix=place_of(video).media_prefix(video.visibility),
        PaginationConfig={"PageSize": DELETE_BATCH},
    )
    for page in pages:
        keys: list[ObjectIdentifierTypeDef] = [{"Key": found["Key"]} for found in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
