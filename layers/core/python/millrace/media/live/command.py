"""Compile what a live stream is encoded to into ffmpeg commands.

The publisher's stream comes as FLV on standard input; each track leaves as fragmented MP4 on a pipe of its own.
Every option below was a fault first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from millrace.media.decoders import DECODERS

__all__ = ["PART_TARGET_MS", "AudioOutput", "Output", "VideoOutput", "live_argv"]

PART_TARGET_MS: Final = 334
# A part ends with the first frame that reaches this: at most one frame later, so never beyond the target.
_FRAME_SHARE: Final = Fraction(3, 4)
AAC_FRAME_MS: Final = Fraction(1024 * 1000, 48_000)
DEFAULT_FRAME_RATE: Final = Fraction(30)
SEGMENT_S: Final = 2
MAX_PIXELS: Final = 8192 * 4352


@dataclass(frozen=True, slots=True)
class VideoOutput:
    """Say what becomes of the picture in one track.

    Without a `maxrate_bps` it is copied. `width` or `height` is what its short side becomes; both 0 keep the size.
    """

    track: str
    width: int = 0
    height: int = 0
    maxrate_bps: int = 0

    @property
    def is_copy(self) -> bool:
        """Tell whether the publisher's own coded pictures are taken."""
        return self.maxrate_bps == 0


@dataclass(frozen=True, slots=True)
class AudioOutput:
    """Say what becomes of the sound."""

    track: str = "audio"
    is_copy: bool = True


Output = VideoOutput | AudioOutput


@dataclass(frozen=True, slots=True)
class Keyframes:
    """Say where encoders put key frames: where the publisher has them, or on a grid of their own.

    `grid_after_s` counts from the first picture that the encoder sees; None follows the publisher.
    """

    grid_after_s: Fraction | None = None


FOLLOW: Final = Keyframes()


def live_argv(
    ffmpeg: str,
    outputs: Sequence[Output],
    pipes: Mapping[str, int],
    *,
    frame_rate: Fraction = DEFAULT_FRAME_RATE,
    keyframes: Keyframes = FOLLOW,
) -> list[str]:
    """Return the command that writes each track to the file descriptor that `pipes` names."""
    argv = [ffmpeg, "-hide_banner", "-nostdin", "-v", "warning", *_input(outputs)]
    for output in outputs:
        if isinstance(output, VideoOutput):
            argv += [*_video(output, keyframes), *_mp4(Fraction(1000) / frame_rate)]
        else:
            argv += [*_audio(output), *_mp4(AAC_FRAME_MS)]
        argv.append(f"pipe:{pipes[output.track]}")
    return argv


def _input(outputs: Sequence[Output]) -> list[str]:
    return [
        # Hostile input: nothing but FLV from standard input, and only decoders that we know.
        *("-format_whitelist", "flv", "-protocol_whitelist", "pipe"),
        *("-codec_whitelist", ",".join(DECODERS), "-max_pixels", str(MAX_PIXELS)),
        # 66 ms less than with a decoder that waits for more frames; copying needs none.
        *(() if all(output.is_copy for output in outputs) else ("-flags", "low_delay")),
        # Enough to see both streams. Never -fflags nobuffer: it drops what is read here, the first GOP.
        *("-probesize", "2000000", "-analyzeduration", "1000000", "-fpsprobesize", "4"),
        # Tracks of several processes stay on the publisher's clock.
        "-copyts",
        *("-f", "flv", "-i", "pipe:0"),
    ]


def _video(output: VideoOutput, keyframes: Keyframes) -> list[str]:
    if output.is_copy:
        return ["-map", "0:v:0", "-c:v", "copy", *_TIMESCALE]
    after_s = keyframes.grid_after_s
    # Half a millisecond early: a time that is exactly on the grid must not miss it by rounding.
    grid = f"expr:gte(t,{float(after_s or 0):.4f}+n_forced*{SEGMENT_S}-0.0005)"
    return [
        *("-map", "0:v:0", "-vf", ",".join(_filters(output))),
        # Frames keep the publisher's times, exactly: otherwise the encoder quantises them to a guessed rate.
        *("-fps_mode", "passthrough", "-enc_time_base", "1:90000"),
        *("-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-profile:v", "main"),
        *("-pix_fmt", "yuv420p"),
        # Key frames where the segments begin, and nowhere else.
        *("-sc_threshold", "0", "-g", "100000", "-force_key_frames", "source" if after_s is None else grid),
        *(
            "-b:v",
            str(output.maxrate_bps),
            "-maxrate",
            str(output.maxrate_bps),
            "-bufsize",
            str(output.maxrate_bps // 2),
        ),
        *_TIMESCALE,
    ]


_TIMESCALE: Final = ("-video_track_timescale", "90000")


def _filters(output: VideoOutput) -> list[str]:
    filters = ["setsar=1"]
    if output.width or output.height:
        filters.insert(0, f"scale={output.width or -2}:{output.height or -2}:flags=bicubic")
    return filters


def _audio(output: AudioOutput) -> list[str]:
    if output.is_copy:
        return ["-map", "0:a:0", "-c:a", "copy"]
    # A gap is filled with silence, so that sound stays with the picture.
    return ["-map", "0:a:0", "-af", "aresample=48000:async=1000", "-c:a", "aac", "-b:a", "128k", "-ac", "2"]


def _mp4(frame_ms: Fraction) -> list[str]:
    part_us = round((PART_TARGET_MS - frame_ms * _FRAME_SHARE) * 1000)
    return [
        *("-map_metadata", "-1", "-f", "mp4"),
        # frag_discont keeps decode times as they come instead of counting from zero; negative offsets and no edit
        # list, so that they mean the same in every track.
        "-movflags",
        "+frag_keyframe+empty_moov+default_base_moof+skip_trailer+frag_discont+negative_cts_offsets",
        *("-use_editlist", "0", "-avoid_negative_ts", "disabled"),
        *("-frag_duration", str(max(1000, part_us)), "-flush_packets", "1"),
    ]
