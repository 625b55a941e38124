"""Look at an uploaded file, and refuse what is not a playable video."""

from millrace.platform.steps import step
from millrace.transcode.probe import probe_source

handler = step(probe_source)
