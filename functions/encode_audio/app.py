"""Encode one chunk of the sound, every track of it."""

from millrace.platform.steps import step
from millrace.transcode.encode import encode_audio

handler = step(encode_audio)
