"""Clips whose every frame and sound can be identified again after encoding."""

from tests.media_fixtures.clips import ClipOptions, make_clip
from tests.media_fixtures.reading import (
    decode_errors,
    first_beep_s,
    flash_frames,
    read_barcodes,
    read_samples,
)
from tests.media_fixtures.tools import FFMPEG, FFPROBE

__all__ = [
    "FFMPEG",
    "FFPROBE",
    "ClipOptions",
    "decode_errors",
    "first_beep_s",
    "flash_frames",
    "make_clip",
    "read_barcodes",
    "read_samples",
]
