"""Take the poster picture from the film."""

from millrace.platform.steps import step
from millrace.transcode.poster import make_poster

handler = step(make_poster)
