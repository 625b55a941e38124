"""Start the workflow that brings everything else in line with a video's record."""

import json

from millrace.platform import clients, settings
from millrace.videos.model import Video


def start(video: Video) -> None:
    """Start it for this version of the record. Idempotent: the execution is named by video and version."""
    workflows = clients.stepfunctions()
    try:
        workflows.start_execution(
            stateMachineArn=settings.require("SETTLE_STATE_MACHINE_ARN"),
            name=f"{video.video_id}-{video.version}",
            input=json.dumps({"video_id": video.video_id, "version": video.version}),
        )
    except workflows.exceptions.ExecutionAlreadyExists:
        return
