"""Start the workflow of a finished upload, and start it again when the owner asks."""

import json

from millrace.platform import clients, settings
from millrace.platform.ids import UploadId, UserId, VideoId
from millrace.platform.observability import logger
from millrace.transcode import watchdog
from millrace.transcode.runs.model import execution_name
from millrace.videos.model import Video
from millrace.videos.places import parse_source_key
from millrace.videos.processing import service


def start(key: str, size_bytes: int) -> bool:
    """Start one workflow for the upload with that key; False if nobody waits for it.

    Idempotent: the execution is named by video and upload, so S3's event starts it once however often it comes.
    """
    place = parse_source_key(key)
    if place is None:
        return False
    watchdog.begin(place.video_id, place.upload_id)
    if not service.receive_upload(place.video_id, place.upload_id):
        logger().warning("an upload that nobody waits for", key=key)
        return False
    _start(place.video_id, place.upload_id, 1)
    service.announce_upload(place.video_id, place.upload_id, size_bytes)
    return True


def retry(video_id: VideoId, owner_id: UserId) -> Video:
    """Process a failed upload once more; return the video as that upload has it. Raises VideoGone or NothingToRetry.

    Idempotent while the attempt runs: it has an execution of its own name.
    """
    upload_id = service.newest_upload(video_id, owner_id)
    # The clock of what runs goes on: it is not tried again.
    if service.has_failed(video_id, upload_id):
        watchdog.begin(video_id, upload_id, is_anew=True)
    video = service.retry(video_id, owner_id)
    _start(video_id, video.upload.upload_id, video.attempt)
    return video


def _start(video_id: VideoId, upload_id: UploadId, attempt: int) -> None:
    workflows = clients.stepfunctions()
    try:
        workflows.start_execution(
            stateMachineArn=settings.require("TRANSCODE_STATE_MACHINE_ARN"),
            name=execution_name(video_id, upload_id, attempt),
            input=json.dumps({"video_id": video_id, "upload_id": upload_id}),
        )
    except workflows.exceptions.ExecutionAlreadyExists:
        logger().info("the workflow runs already", video_id=video_id)
