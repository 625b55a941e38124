"""Cancel: processing ends at once when nobody wants its result any more."""

from millrace.platform import clients
from millrace.platform.ids import UserId, VideoId
from millrace.transcode.runs.model import execution_arn
from millrace.videos.model import Failure, Video, VideoState
from millrace.videos.processing import service

CANCELLED = Failure(
    code="cancelled", message="You stopped the processing of this video. You can have the upload processed once more."
)


def cancel(video_id: VideoId, owner_id: UserId) -> None:
    """Stop what is in processing of the owner's video; raises VideoGone or NothingToCancel.

    What was encoded is removed when Step Functions tells that the execution was stopped, and by the watchdog.
    """
    version = service.cancel(video_id, owner_id, CANCELLED)
    _stop(version)


def stop(video: Video) -> None:
    """Stop the execution of whatever version of the video is in processing. Idempotent."""
    versions = [video, video.through(video.replacement.upload.upload_id) if video.replacement else None]
    for version in versions:
        if version is not None and version.state is VideoState.PROCESSING:
            _stop(version)


def _stop(version: Video) -> None:
    workflows = clients.stepfunctions()
    try:
        workflows.stop_execution(executionArn=execution_arn(version), error="Cancelled", cause="Nobody waits for it.")
    except workflows.exceptions.ExecutionDoesNotExist:
        return
    except workflows.exceptions.ValidationException:
        # It has ended by itself.
        return
