"""Start the workflow of a finished upload."""

import json

from millrace.platform import clients, settings
from millrace.platform.observability import logger
from millrace.videos import service
from millrace.videos.places import parse_source_key


def start(key: str, size_bytes: int) -> bool:
    """Start one workflow for the upload with that key; False if nobody waits for it.

    Idempotent: the execution is named by video and upload, so S3's event starts it once however often it comes.
    """
    place = parse_source_key(key)
    if place is None or not service.receive_upload(place.video_id, place.upload_id):
        logger().warning("an upload that nobody waits for", key=key)
        return False
    workflows = clients.stepfunctions()
    try:
        workflows.start_execution(
            stateMachineArn=settings.require("TRANSCODE_STATE_MACHINE_ARN"),
            name=f"{place.video_id}-{place.upload_id}",
            input=json.dumps({"video_id": place.video_id, "upload_id": place.upload_id}),
        )
    except workflows.exceptions.ExecutionAlreadyExists:
        logger().info("the workflow runs already", video_id=place.video_id)
    service.announce_upload(place.video_id, place.upload_id, size_bytes)
    return True
