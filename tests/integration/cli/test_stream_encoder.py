"""The encoder of `./millrace stream` by itself."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.checkout import ROOT
from tests.media_fixtures import make_clip
from tests.media_fixtures.tools import FFMPEG

STARTER = """
import sys, time
from pathlib import Path
from scripts.streaming.encoder import Encoder, Source
ffmpeg, file, url = sys.argv[1:]
encoder = Encoder(ffmpeg, Source(Path(file) if file else None, 160, 96, 15, 200_000), url, "secret")
time.sleep(600)
"""
DEADLINE_S = 60


@pytest.mark.parametrize("kind", ["pattern", "file"])
def test_nothing_is_published_once_whoever_published_was_killed(tmp_path: Path, kind: str) -> None:
    # At the speed of life it would run for minutes.
    file = str(make_clip(tmp_path / "clip.mp4", seconds=300, size=(64, 64), rate=1)) if kind == "file" else ""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        starter = subprocess.Popen([sys.executable, "-c", STARTER, FFMPEG, file, url], cwd=ROOT)
        try:
            stream, _ = server.accept()
            stream.settimeout(DEADLINE_S)
            with stream:
                assert stream.recv(1)
                starter.kill()
                # To its end, which comes when the encoder is gone.
                while stream.recv(65_536):
                    pass
        finally:
            starter.kill()
            starter.wait()
