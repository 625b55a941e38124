"""One picture of a short piece of film."""

from typing import Final

from millrace.media.probe import Limits, input_options

__all__ = ["still_argv"]

LONG_SIDE: Final = 1280


def still_argv(ffmpeg: str, source: str, output: str, limits: Limits) -> list[str]:
    """Return the command that writes the first picture of a local file as JPEG."""
    known = [part for name, value in input_options(limits).items() for part in (f"-{name}", value)]
    # Never larger than the film, and even sides, which the encoder wants.
    scale = f"scale=w='trunc(min(iw,{LONG_SIDE})/2)*2':h=-2:out_range=pc,setsar=1"
    return [
        *(ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y"),
        *(*known, "-i", source, "-map", "0:v:0", "-vf", scale, "-frames:v", "1"),
        *("-f", "image2", "-update", "1", "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-map_metadata", "-1"),
        output,
    ]
