"""A small stream as an encoder publishes it, and the fragments that ffmpeg makes of it."""

import os
import subprocess
import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from millrace.media import flv
from millrace.media.live.boundaries import Boundaries
from millrace.media.live.command import FOLLOW, Keyframes, Output, live_argv
from millrace.media.live.fragments import FragmentReader, Init, MediaFragment
from tests.media_fixtures.tools import FFMPEG


def publishable(
    path: Path, *, seconds: float = 5, rate: int = 30, gop: int = 60, bframes: int = 0, video: bool = True
) -> Path:
    """Write an FLV file of a test pattern and a tone, 160x90."""
    argv = [FFMPEG, "-y", "-nostdin", "-v", "error"]
    if video:
        argv += ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r={rate}:d={seconds}"]
    argv += ["-f", "lavfi", "-i", f"sine=440:r=48000:d={seconds}", "-c:a", "aac"]
    if video:
        argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-sc_threshold", "0"]
        argv += ["-g", str(gop), "-bf", str(bframes)]
    subprocess.run([*argv, str(path)], check=True, timeout=60)
    return path


def fragments(
    source: Path, outputs: Sequence[Output], *, rate: int = 30, keyframes: Keyframes = FOLLOW
) -> dict[str, list[Init | MediaFragment]]:
    """Run the live command on a file; return what each track's pipe gave."""
    pipes = {output.track: os.pipe() for output in outputs}
    found: dict[str, list[Init | MediaFragment]] = {output.track: [] for output in outputs}

    def read(track: str, descriptor: int) -> None:
        reader = FragmentReader()
        with os.fdopen(descriptor, "rb", buffering=0) as pipe:
            while data := pipe.read(5000):
                found[track] += reader.feed(data)

    writers = {track: ends[1] for track, ends in pipes.items()}
    argv = live_argv(FFMPEG, outputs, writers, frame_rate=Fraction(rate), keyframes=keyframes)
    with source.open("rb") as file:
        process = subprocess.Popen(argv, stdin=file, pass_fds=tuple(writers.values()))
    for writer in writers.values():
        os.close(writer)
    threads = [threading.Thread(target=read, args=(track, ends[0])) for track, ends in pipes.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert process.wait(60) == 0
    return found


def boundaries_of(source: Path, first_number: int = 1) -> Boundaries:
    """Return the boundaries that the key frames of a file make."""
    boundaries = Boundaries(first_number)
    for tag in flv.read_tags(source.read_bytes()):
        if tag.kind is flv.TagKind.VIDEO:
            header = flv.video_header(tag.payload)
            if header.is_key_frame:
                at = Fraction(tag.timestamp_ms)
                boundaries.keyframe(at, at + header.composition_ms)
    return boundaries
