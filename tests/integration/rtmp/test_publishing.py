"""Encoders that others wrote publish to our server."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from rtmp_ingest.rtmp.publishing import EndingKind
from rtmp_ingest.rtmp.server import ServerSettings
from tests.integration.rtmp.serving import PATIENCE_S, REFUSED, Recorder, publish, serving
from tests.media_fixtures.tools import FFPROBE

LOCAL = ServerSettings(port=0)


def test_every_frame_that_ffmpeg_sends_arrives_and_can_be_decoded(tmp_path: Path) -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(LOCAL, recorder) as server:
            published = await publish(f"rtmp://127.0.0.1:{server.port}/live/first?test=1", 2)
            assert published.returncode == 0, published.said
            await asyncio.wait_for(recorder.recordings["first"].has_ended.wait(), PATIENCE_S)

    asyncio.run(scenario())
    recording = recorder.recordings["first"]
    packets = recording.packets()
    assert packets["avc1/KEY"] == 2
    assert packets["avc1/KEY"] + packets["avc1/FRAMES"] == 50
    assert packets["avc1/CONFIGURATION"] == packets["mp4a/CONFIGURATION"] == packets["metadata"] == 1
    assert recording.publisher.app == "live"
    assert recording.publisher.parameters == {"test": "1"}
    assert recording.client.encoder.startswith("FMLE/3.0")
    assert recording.ending is not None
    assert recording.ending.kind is EndingKind.UNPUBLISHED
    assert decoded_frames(recording.flv(), tmp_path) == 50


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("hvc1", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0:keyint=25")),
        ("vp09", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25")),
    ],
)
def test_enhanced_codecs_arrive_and_can_be_decoded(codec: str, encoding: tuple[str, ...], tmp_path: Path) -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(LOCAL, recorder) as server:
            address = f"rtmp://127.0.0.1:{server.port}/live/enhanced"
            published = await publish(address, 1, (*encoding, "-c:a", "libopus"))
            assert published.returncode == 0, published.said
            await asyncio.wait_for(recorder.recordings["enhanced"].has_ended.wait(), PATIENCE_S)

    asyncio.run(scenario())
    packets = recorder.recordings["enhanced"].packets()
    assert packets[f"{codec}/KEY"] + packets[f"{codec}/FRAMES"] == 25
    assert packets["Opus/FRAMES"] > 40
    assert decoded_frames(recorder.recordings["enhanced"].flv(), tmp_path) == 25


def test_a_refused_publisher_reads_why() -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(LOCAL, recorder) as server:
            published = await publish(f"rtmp://127.0.0.1:{server.port}/live/refused", 5)
            assert published.returncode != 0
            assert REFUSED in published.said

    asyncio.run(scenario())
    assert not recorder.recordings


def decoded_frames(data: bytes, folder: Path) -> int:
    """Count the pictures that a decoder makes of an FLV file."""
    path = folder / "received.flv"
    path.write_bytes(data)
    argv = [FFPROBE, "-v", "error", "-count_frames", "-select_streams", "v", "-of", "json"]
    argv += ["-show_entries", "stream=nb_read_frames", str(path)]
    done = subprocess.run(argv, check=True, capture_output=True, timeout=PATIENCE_S)
    return int(json.loads(done.stdout)["streams"][0]["nb_read_frames"])
