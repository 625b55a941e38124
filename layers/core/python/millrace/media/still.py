"""What is made of a short piece of film without encoding it anew: one picture, one file."""

from collections.abc import Sequence
from typing import Final

from millrace.media.probe import Limits, input_options

__all__ = ["joined_argv", "still_argv"]

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


def joined_argv(ffmpeg: str, sources: Sequence[str], output: str) -> list[str]:
    """Return the command that puts tracks of local files side by side into one file that plays while it loads."""
    known = [part for name, value in input_options(Limits(allow_files=True)).items() for part in (f"-{name}", value)]
    inputs = [part for source in sources for part in (*known, "-i", source)]
    maps = [part for number in range(len(sources)) for part in ("-map", str(number))]
    return [
        # Their own times keep sound and picture together; all of them begin late in the stream, and so are moved.
        *(ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y", "-copyts", *inputs, *maps),
        *("-c", "copy", "-avoid_negative_ts", "make_zero", "-movflags", "+faststart", "-map_metadata", "-1"),
        output,
    ]
