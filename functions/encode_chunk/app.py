"""Decode one chunk once and encode every rendition of it."""

from millrace.platform.steps import step
from millrace.transcode.chunks import take_chunk

handler = step(take_chunk)
