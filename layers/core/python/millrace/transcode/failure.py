"""Failures: what the owner of a video reads, and what is cleaned up."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError
from pydantic import ValidationError

from millrace.media.refusal import SourceRejected
from millrace.platform import settings
from millrace.platform.errors import WorkflowError
from millrace.platform.observability import logger
from millrace.transcode import work
from millrace.transcode.model import FailureTask
from millrace.videos.model import Failure, Home
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service
from millrace.videos.settling import objects

# What a Distributed Map says of it.
ONE_OF_MANY = "States.ExceedToleratedFailureThreshold"

OURS = Failure(
    code="internal",
    message="Something went wrong on our side while this video was prepared, and trying again did not help. "
    "The upload itself arrived: you can have it processed once more.",
)


class UploadRejected(WorkflowError):
    """The uploaded file cannot become a video, and never will: `code: sentence for the owner`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")


class PartFailed(WorkflowError):
    """One chunk cannot be encoded, however often it is tried: `code: sentence for the owner`."""

    def __init__(self, start: str, end: str) -> None:
        super().__init__(
            f"damaged_part: The part from {start} to {end} could not be decoded, and trying again did not help. "
            "Play the file there: if it is damaged, upload a whole one."
        )


@contextmanager
def refusals() -> Iterator[None]:
    """Let the media package's refusal of a file travel as the error that the state machine knows."""
    try:
        yield
    except SourceRejected as error:
        raise UploadRejected(error.code, error.message) from error


def fail_video(task: FailureTask) -> None:
    """Record why the video failed, and remove what was encoded of it. Idempotent."""
    failure = _reason(task)
    logger().error("video failed", video_id=task.video_id, code=failure.code, error=task.error, cause=task.cause)
    if service.fail(task.video_id, task.upload_id, failure):
        remove_media(task.place)


def _reason(task: FailureTask) -> Failure:
    if task.error == ONE_OF_MANY:
        return _noted(task.place) or OURS
    return read_failure(task.error, task.cause) or OURS


def remove_media(place: UploadPlace) -> None:
    """Remove all that was encoded of an upload, unless it is tried again meanwhile. Idempotent."""
    bucket = settings.require("MEDIA_BUCKET")
    doomed = [key for home in Home for key in objects.keys(bucket, place.media_prefix(home))]
    # After the listing: what another attempt has written since is not in it.
    if service.alive(place.video_id, place.upload_id) is None:
        objects.delete(bucket, doomed)


def read_failure(error: str, cause: str) -> Failure | None:
    """Turn what the state machine caught into what the owner reads, if it speaks for itself.

    A refused source and a part that cannot be decoded do; any other error is ours, and its details stay in the log.
    """
    if error not in {UploadRejected.__name__, PartFailed.__name__}:
        return None
    try:
        code, separator, message = str(json.loads(cause)["errorMessage"]).partition(": ")
    except (ValueError, KeyError, TypeError):
        return None
    return Failure(code=code, message=message) if separator else None


def _noted(place: UploadPlace) -> Failure | None:
    """Return what the encoder of a chunk noted last; none is as well as a note that cannot be read."""
    try:
        return work.load(place, work.PART_FAILURE, Failure)
    except (ClientError, ValidationError):
        return None
