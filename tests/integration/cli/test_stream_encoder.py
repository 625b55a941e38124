"""The encoder of `./millrace stream` by itself."""

import subprocess
from pathlib import Path

from scripts.streaming.clock_picture import ClockPicture
from scripts.streaming.encoder import Source, publish_argv
from tests.media_fixtures.tools import FFMPEG, FFPROBE


def test_the_test_pattern_ends_with_its_clock(tmp_path: Path) -> None:
    source = Source(file=None, width=160, height=96, frame_rate=15, bitrate_bps=200_000)
    strips = ClockPicture(source.width, source.strip_height).frame(1_790_000_000_000) * 45
    stream = tmp_path / "stream.flv"
    # Whoever gave the clock is gone, perhaps killed: nothing goes on publishing without it.
    subprocess.run(publish_argv(FFMPEG, source, str(stream)), input=strips, check=True, timeout=60)
    argv = [FFPROBE, "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames"]
    counted = subprocess.run([*argv, "-of", "csv=p=0", str(stream)], check=True, capture_output=True, timeout=60)
    assert int(counted.stdout) == 45
