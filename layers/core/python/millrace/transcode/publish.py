"""Publish a packaged video."""

from millrace.transcode.model import UploadTask
from millrace.videos.processing import service


def publish_video(task: UploadTask) -> None:
    """Make the video ready and say so on the bus. Idempotent."""
    service.publish(task.video_id, task.upload_id)
