"""Encode the sound of the whole film once."""

from millrace.platform.steps import step
from millrace.transcode.encode import encode_audio

handler = step(encode_audio)
