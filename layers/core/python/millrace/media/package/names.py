"""What the files of a film are called, below its folder."""

from typing import Final

__all__ = ["CAPTIONS_FILE", "IFRAME_PLAYLIST", "INIT_SEGMENT", "MAIN_PLAYLIST", "MANIFEST", "MEDIA_PLAYLIST"]

MAIN_PLAYLIST: Final = "main.m3u8"
MANIFEST: Final = "manifest.mpd"
MEDIA_PLAYLIST: Final = "media.m3u8"
IFRAME_PLAYLIST: Final = "iframes.m3u8"
INIT_SEGMENT: Final = "init.mp4"
# Captions as one file, for DASH; HLS has them in segments beside it.
CAPTIONS_FILE: Final = "captions.vtt"
