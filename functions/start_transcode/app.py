"""Start one workflow for each finished upload, however often S3 tells of it."""

from typing import Any

from millrace.transcode.start import start


def handler(event: dict[str, Any], _context: object) -> dict[str, bool]:
    """Take S3's "Object Created" event; idempotent, because the execution is named by video and upload.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    found = event["detail"]["object"]
    return {"started": start(found["key"], int(found["size"]))}
