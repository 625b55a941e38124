"""Failures: what the owner of a video reads, and what is cleaned up."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from millrace.media.refusal import SourceRejected
from millrace.platform import settings
from millrace.platform.errors import WorkflowError
from millrace.platform.observability import logger
from millrace.transcode.model import FailureTask
from millrace.videos.model import Failure, Home
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service
from millrace.videos.settling.objects import delete_folder

OURS = Failure(
    code="internal",
    message="Something went wrong on our side while this video was prepared, and trying again did not help. "
    "The upload itself arrived: you can have it processed once more.",
)


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
    if service.fail(task.video_id, task.upload_id, failure):
        remove_media(task.place)


def remove_media(place: UploadPlace) -> None:
    """Remove all that was encoded of an upload. Idempotent."""
    for home in Home:
        delete_folder(settings.require("MEDIA_BUCKET"), place.media_prefix(home))


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
