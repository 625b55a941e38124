"""Compile the commands that draw storyboard, posters and preview from our own segments.

Their input is one local file: the init segment of a rendition and the segments that are needed, with their own
decode times. So a frame's timestamp says which frame of the film it is, whatever was left out before it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import ffmpeg as graph  # type: ignore[import-untyped]

from millrace.media.plan import EncodePlan
from millrace.media.storyboard import MINIATURE, POSTER_LONG_SIDE, Preview, Storyboard, fitting, poster_source

__all__ = ["posters_argv", "preview_argv", "storyboard_argv"]

# What we wrote ourselves is still opened by nothing but the demuxer that it is for.
INPUT: Final = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2", "protocol_whitelist": "file", "f": "mov"}
JPEG: Final = {
    "format": "image2",
    "c:v": "mjpeg",
    "pix_fmt": "yuvj420p",
    "map_metadata": -1,
    "fps_mode": "passthrough",
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
}
SHEET_QUALITY: Final = 5
POSTER_QUALITY: Final = 3
# A thumbnail that moves: small, and never more than half a second to load.
PREVIEW_CRF: Final = 28
PREVIEW_MAXRATE_BPS: Final = 400_000
# Our composition offsets are negative (CMAF); ffmpeg's demuxer shows them as a delay of up to so many frames, which may
# grow within a file. Key frames of scene cuts keep further away than that from those of the grid.
DELAY_FRAMES: Final = 4


def storyboard_argv(
    ffmpeg: str, plan: EncodePlan, storyboard: Storyboard, track: str, sheets: str, miniatures: str
) -> list[str]:
    """Return the command that writes the sheets (a pattern like `sheet_%03d.jpg`) and, raw, each tile's miniature."""
    interval = storyboard.interval_frames * plan.frame_ticks
    wanted = _first_of(f"lt(mod(pts,{interval}),{DELAY_FRAMES * plan.frame_ticks})", interval)
    tiles = _key_frames(track).filter("select", wanted).filter_multi_output("split", 2)
    sheet = (
        tiles[0]
        .filter("scale", storyboard.tile_width, storyboard.tile_height, flags="area", out_range="pc")
        .filter("setsar", "1")
        .filter("tile", f"{storyboard.columns}x{storyboard.rows}")
    )
    miniature = tiles[1].filter("scale", *MINIATURE, flags="area").filter("format", "gray")
    outputs = [
        graph.output(sheet, sheets, **{**JPEG, "q:v": SHEET_QUALITY}),
        graph.output(miniature, miniatures, format="rawvideo", fps_mode="passthrough"),
    ]
    return _compile(ffmpeg, graph.merge_outputs(*outputs))


def posters_argv(ffmpeg: str, plan: EncodePlan, frames: Sequence[int], track: str, posters: str) -> list[str]:
    """Return the command that writes these key frames as pictures (a pattern like `poster_%d.jpg`), in order."""
    spans = [(frame, frame + DELAY_FRAMES) for frame in frames]
    wanted = _first_of(f"({_within(plan, spans)})", plan.gop_frames * plan.frame_ticks)
    width, height = fitting(poster_source(plan), POSTER_LONG_SIDE)
    picture = (
        _key_frames(track)
        .filter("select", wanted)
        .filter("scale", width, height, flags="bicubic", out_range="pc")
        .filter("setsar", "1")
    )
    return _compile(ffmpeg, graph.output(picture, posters, **{**JPEG, "q:v": POSTER_QUALITY}))


def preview_argv(ffmpeg: str, plan: EncodePlan, preview: Preview, track: str, output: str) -> list[str]:
    """Return the command that writes the preview: a short film without sound that may loop."""
    rate = plan.frame_rate / preview.step
    picture = (
        graph.input(track, **INPUT)["v"]
        .filter("select", _within(plan, [(first, last + DELAY_FRAMES) for first, last in preview.moments]))
        .filter("framestep", preview.step)
        .filter("settb", f"{rate.denominator}/{rate.numerator}")
        .filter("setpts", "N")
        .filter("scale", preview.width, preview.height, flags="area")
        .filter("setsar", "1")
    )
    options = {
        "format": "mp4",
        "c:v": "libx264",
        "preset": "fast",
        "crf": PREVIEW_CRF,
        "maxrate": PREVIEW_MAXRATE_BPS,
        "bufsize": PREVIEW_MAXRATE_BPS,
        "pix_fmt": "yuv420p",
        # Phones of any age play baseline; it costs little at this size.
        "profile:v": "baseline",
        "r": str(rate),
        "map_metadata": -1,
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        # It starts before all of it has arrived.
        "movflags": "+faststart",
    }
    return _compile(ffmpeg, graph.output(picture, output, **options))


def _within(plan: EncodePlan, spans: Iterable[tuple[int, int]]) -> str:
    ticks = plan.frame_ticks
    return "+".join(f"between(pts,{first * ticks},{last * ticks - 1})" for first, last in spans)


def _first_of(wanted: str, distance: int) -> str:
    """Select what is wanted, but not twice within half the distance: a cut may fall right before the grid."""
    return f"{wanted}*(isnan(prev_selected_pts)+gt(pts-prev_selected_pts,{distance // 2}))"


def _key_frames(track: str) -> Any:
    return graph.input(track, **INPUT, skip_frame="nokey")["v"]


def _compile(ffmpeg: str, output: Any) -> list[str]:
    # Raw timestamps (-copyts) are what select looks at.
    command = [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y", "-copyts"]
    return [str(part) for part in graph.compile(output, cmd=command)]
