"""Let viewers see what is encoded of a film while the rest is on its way."""

from millrace.platform.steps import step
from millrace.transcode.show import show_progress

handler = step(show_progress)
