"""Files as people have them: from phones, cameras, broadcasts, editors, recorders and old disks. Each is tiny."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.media_fixtures.tools import FFMPEG

SECONDS: Final = 2


@dataclass(frozen=True)
class OddFile:
    """Say how a file is made, and what a viewer gets: its shape, how long it lasts and whether there is sound.

    `lavfi` are the sources; with `refusal` it is no film, and that code tells why. `remux` copies the made file once
    more, by options before and behind it.
    """

    name: str
    lavfi: Sequence[str]
    options: str = ""
    aspect: float = 16 / 9
    seconds: float = SECONDS
    refusal: str | None = None
    remux: tuple[str, str] | None = None

    @property
    def suffix(self) -> str:
        """Return the end of its name."""
        return Path(self.name).suffix


def _picture(size: str = "192x108", rate: str = "25", seconds: float = SECONDS) -> str:
    return f"testsrc2=s={size}:r={rate}:d={seconds}"


def _sound(channels: str = "stereo", seconds: float = SECONDS) -> str:
    return f"sine=f=440:r=48000:d={seconds},aformat=channel_layouts={channels}"


H264: Final = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"
BOTH: Final = (_picture(), _sound())
ODD_FILES: Final = (
    OddFile("phone_upright.mov", BOTH, H264, aspect=9 / 16, remux=("-display_rotation:v:0 90", "")),
    OddFile("portrait.mp4", (_picture("108x192"), _sound("mono")), H264, aspect=9 / 16),
    OddFile("american_broadcast.mp4", (_picture(rate="30000/1001"), _sound()), H264),
    OddFile("game.mkv", (_picture(rate="60"), _sound()), H264),
    OddFile(
        "variable_rate.mkv",
        BOTH,
        f"-vf select='not(mod(n,3))+lt(n,10)' -fps_mode passthrough -enc_time_base 1:90000 {H264}",
    ),
    OddFile(
        "interlaced_broadcast.ts",
        BOTH,
        "-c:v mpeg2video -flags +ilme+ildct -field_order tt -vf tinterlace=interleave_top,fps=25 -c:a mp2",
    ),
    OddFile("disk.mpg", (_picture("176x144"), _sound()), "-vf setsar=16/11 -c:v mpeg2video -c:a mp2"),
    OddFile("silent_film.mp4", (_picture(),), H264),
    OddFile("sound_goes_on.mp4", (_picture(), _sound(seconds=4)), H264),
    OddFile("sound_comes_late.mkv", (_picture(), _sound(seconds=1)), f"-af adelay=800:all=1 {H264}"),
    OddFile("surround.mkv", (_picture(), _sound("5.1")), "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a ac3"),
    OddFile("editor.mov", BOTH, "-c:v prores -c:a pcm_s24le"),
    OddFile(
        "two_languages.mkv",
        (*BOTH, _sound()),
        f"-map 0 -map 1 -map 2 -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu {H264}",
    ),
    OddFile(
        "bright.mp4",
        BOTH,
        "-vf setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc -c:v libx265 -preset ultrafast "
        "-pix_fmt yuv420p10le -tag:v hvc1 -x265-params log-level=none -c:a aac",
    ),
    OddFile(
        "odd_size.mp4", (_picture("191x107"), _sound()), "-c:v libx264 -preset ultrafast -pix_fmt yuv444p -c:a aac"
    ),
    OddFile("browser_recording.webm", BOTH, "-c:v libvpx -deadline realtime -cpu-used 16 -live 1 -c:a libopus"),
    OddFile("nineties.avi", BOTH, "-c:v mpeg4 -vtag XVID -c:a pcm_u8"),
    OddFile("old_web.flv", BOTH, "-c:v flv1 -c:a aac"),
    OddFile("fragments.mp4", BOTH, f"{H264} -movflags +frag_keyframe+empty_moov+default_base_moof"),
    OddFile("slide_show.mp4", (_picture(rate="1", seconds=4), _sound(seconds=4)), H264, seconds=4),
    OddFile("newest.mp4", BOTH, "-c:v libsvtav1 -svtav1-params lp=1 -c:a aac", refusal="unsupported_codec"),
    OddFile("album.m4v", (_sound(),), "-c:a aac -f mp4", refusal="no_video_stream"),
    OddFile("photo.mp4", (_picture(),), "-frames:v 1 -c:v mjpeg -pix_fmt yuvj420p -f image2", refusal="still_image"),
)


def make_odd_file(odd: OddFile, folder: Path) -> Path:
    """Write the file."""
    path = folder / odd.name
    first = path if odd.remux is None else folder / f"plain_{odd.name}"
    command = [FFMPEG, "-y", "-nostdin", "-v", "fatal"]
    for source in odd.lavfi:
        command += ["-f", "lavfi", "-i", source]
    subprocess.run([*command, *odd.options.split(), str(first)], check=True, timeout=120, env=QUIET)
    if odd.remux is not None:
        before, behind = odd.remux
        copy = [FFMPEG, "-y", "-nostdin", "-v", "fatal", *before.split(), "-i", str(first), "-c", "copy"]
        subprocess.run([*copy, *behind.split(), str(path)], check=True, timeout=120)
    return path


# SVT-AV1 tells of itself on stderr unless it is told not to.
QUIET: Final[Mapping[str, str]] = {"SVT_LOG": "0"}
