"""Make a packaged video ready, and say so on the bus."""

from millrace.platform.steps import step
from millrace.transcode.publish import publish_video

handler = step(publish_video)
