"""Decode one chunk once and encode every rendition of it."""

from millrace.platform.steps import step
from millrace.transcode.encode import encode_chunk

handler = step(encode_chunk)
