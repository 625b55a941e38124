"""The ffmpeg that publishes: what it is told, and the thread that gives it a clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from scripts.streaming import lifeline
from scripts.streaming.clock_picture import ClockPicture

__all__ = ["Encoder", "Source", "publish_argv"]

# Of the picture's height.
STRIP_SHARE = 0.25
# What OBS is told to do, too: a key frame every two seconds.
KEY_FRAME_S = 2
AUDIO_BPS = 128_000
KEPT_LINES = 20
LIFELINE = Path(lifeline.__file__)


@dataclass(frozen=True)
class Source:
    """What is published; without a file it is the test pattern."""

    file: Path | None
    width: int
    height: int
    frame_rate: int
    bitrate_bps: int

    @property
    def strip_height(self) -> int:
        """Return the height of the clock's strip, which 4:2:0 wants to be even."""
        return int(self.height * STRIP_SHARE) // 2 * 2


def publish_argv(ffmpeg: str, source: Source, url: str) -> list[str]:
    """Return the command; the clock's strips come by standard input where there is no file."""
    argv = [ffmpeg, "-hide_banner", "-nostdin", "-v", "error"]
    argv += _file_input(source.file) if source.file else _pattern_input(source)
    argv += ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
    argv += ["-b:v", str(source.bitrate_bps), "-maxrate", str(source.bitrate_bps), "-bufsize", str(source.bitrate_bps)]
    argv += ["-force_key_frames", f"expr:gte(t,n_forced*{KEY_FRAME_S})", "-sc_threshold", "0"]
    argv += ["-c:a", "aac", "-b:a", str(AUDIO_BPS), "-ar", "48000", "-ac", "2"]
    return [*argv, "-f", "flv", "-flvflags", "no_duration_filesize", url]


def _file_input(file: Path) -> list[str]:
    # At the speed of life; a film without sound is published without.
    return ["-re", "-i", str(file), "-map", "0:v:0", "-map", "0:a:0?", "-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2"]


def _pattern_input(source: Source) -> list[str]:
    rate, width = source.frame_rate, source.width
    rest = source.height - source.strip_height
    argv = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{source.strip_height}", "-r", str(rate)]
    # Two frames in the queue at most: each one more would be latency.
    argv += ["-thread_queue_size", "2", "-i", "pipe:0"]
    argv += ["-f", "lavfi", "-i", f"testsrc2=size={width}x{rest}:rate={rate}"]
    argv += ["-f", "lavfi", "-i", "sine=frequency=330:beep_factor=4:sample_rate=48000"]
    stack = "[0:v]format=yuv420p[clock];[1:v]format=yuv420p[pattern];[clock][pattern]vstack[out]"
    return [*argv, "-filter_complex", stack, "-map", "[out]", "-map", "2:a", "-shortest"]


class Encoder:
    """A running ffmpeg. Its words are kept without the stream key."""

    def __init__(self, ffmpeg: str, source: Source, url: str, secret: str) -> None:
        """Start it; `secret` is what never appears in its words."""
        self._source, self._secret = source, secret
        self._is_wanted = True
        self._words: deque[str] = deque(maxlen=KEPT_LINES)
        watched, held = os.pipe()
        self._lifeline = os.fdopen(held, "wb")
        self._process = subprocess.Popen(
            # A killed command closes nothing but its pipes: that ends the stream, too.
            [sys.executable, str(LIFELINE), str(watched), *publish_argv(ffmpeg, source, url)],
            pass_fds=(watched,),
            stdin=subprocess.DEVNULL if source.file else subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Ctrl+C is for us: we end the stream, and then the encoder.
            start_new_session=True,
        )
        os.close(watched)
        threads = [self._keep_words] if source.file else [self._keep_words, self._draw]
        self._threads = [threading.Thread(target=run, daemon=True) for run in threads]
        for thread in self._threads:
            thread.start()

    def is_running(self) -> bool:
        """Return whether it still publishes."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Return how it ended, None while it runs."""
        return self._process.poll()

    @property
    def words(self) -> str:
        """Return the last that it said."""
        return "\n".join(self._words).replace(self._secret, "…")

    def stop(self) -> None:
        """End it in good order, and by force where it does not listen."""
        self._is_wanted = False
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._lifeline.close()
        for thread in self._threads:
            thread.join(10)

    def _keep_words(self) -> None:
        if self._process.stderr is None:
            return
        for line in self._process.stderr:
            self._words.append(line.decode(errors="replace").rstrip())

    def _draw(self) -> None:
        """Give each frame when its time has come; after a pause of the machine, the frames that are due at once."""
        pipe = self._process.stdin
        if pipe is None:
            return
        picture = ClockPicture(self._source.width, self._source.strip_height)
        started, count = time.monotonic(), 0
        try:
            while self._is_wanted:
                wait_s = started + count / self._source.frame_rate - time.monotonic()
                if wait_s > 0:
                    time.sleep(wait_s)
                pipe.write(picture.frame(int(time.time() * 1000)))
                pipe.flush()
                count += 1
            pipe.close()
        except OSError:
            # It has ended; how, its exit code tells.
            return
