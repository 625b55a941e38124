"""Encode one chunk of the sound, every track of it."""

from millrace.platform.steps import step
from millrace.transcode.chunks import take_sound

handler = step(take_sound)
