"""Tell the owner why a video failed, and remove what was encoded of it."""

from millrace.platform.steps import step
from millrace.transcode.failure import fail_video

handler = step(fail_video)
