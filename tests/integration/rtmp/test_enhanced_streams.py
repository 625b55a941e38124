"""What Enhanced RTMP brings becomes H.264 and AAC for viewers, every picture of it."""

import subprocess
from pathlib import Path

import pytest

from tests.integration.ingest.studio import publish, tags_of
from tests.media_fixtures.tools import FFMPEG

FRAMES, RATE = 100, 25


@pytest.mark.parametrize(
    "video",
    [
        ("libx265", "-preset", "ultrafast", "-x265-params", f"log-level=0:keyint={RATE}:bframes=3"),
        ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", str(RATE)),
    ],
    ids=["HEVC", "VP9"],
)
def test_another_codec_is_encoded_anew_for_viewers(video: tuple[str, ...], tmp_path: Path) -> None:
    clip = tmp_path / "enhanced.flv"
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={RATE}"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
    encoding = ["-pix_fmt", "yuv420p", "-c:v", *video, "-c:a", "libopus", "-b:a", "64k"]
    argv = [FFMPEG, "-nostdin", "-v", "error", *picture, *sound, "-t", str(FRAMES / RATE), *encoding, str(clip)]
    subprocess.run(argv, check=True, timeout=120)
    shelf, studio = publish(tags_of(clip))
    assert not studio.dismissals
    assert not shelf.faults
    tracks = {track.name: track for number in sorted(shelf.periods) for track in shelf.periods[number].tracks}
    assert set(tracks) == {"video_source", "video_60p", "audio"}
    assert tracks["video_source"].codec.startswith("avc1")
    assert tracks["audio"].codec.startswith("mp4a")
    for name in ("video_source", "video_60p"):
        assert shelf.frame_count(name, tmp_path) == FRAMES
