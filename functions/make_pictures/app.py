"""Draw storyboard, poster candidates and preview from the encoded film."""

from millrace.platform.steps import step
from millrace.transcode.pictures import make_pictures

handler = step(make_pictures)
