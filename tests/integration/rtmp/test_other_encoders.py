"""Encoders that are on the machine publish as well: GStreamer's two (one is librtmp, as in OBS) and its own ffmpeg."""

import asyncio
import shutil
import subprocess

import pytest

from rtmp_ingest.rtmp.publishing import EndingKind
from rtmp_ingest.rtmp.server import ServerSettings
from tests.integration.rtmp.serving import PATIENCE_S, Published, Recorder, Recording, publish, run, serving

PICTURES, RATE = 50, 25
_GSTREAMER = ("videotestsrc", "audiotestsrc", "x264enc", "voaacenc", "flvmux")


def has_elements(*names: str) -> bool:
    inspect = shutil.which("gst-inspect-1.0")
    if inspect is None:
        return False
    return all(
        subprocess.run([inspect, "--exists", name], check=False, capture_output=True, timeout=PATIENCE_S).returncode
        == 0
        for name in names
    )


async def publish_with_gstreamer(sink: str, address: str) -> Published:
    video = f"videotestsrc num-buffers={PICTURES} is-live=true ! video/x-raw,width=320,height=180,framerate={RATE}/1"
    sound = f"audiotestsrc num-buffers={PICTURES} samplesperbuffer=1920 is-live=true ! audio/x-raw,rate=48000"
    graph = (
        f"{video} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={RATE} ! h264parse ! queue ! mux. "
        f"{sound} ! voaacenc ! aacparse ! queue ! mux. "
        f"flvmux name=mux streamable=true ! {sink} location={address}"
    )
    return await run("gst-launch-1.0", "-q", *graph.split())


@pytest.mark.parametrize("sink", ["rtmp2sink", "rtmpsink"])
def test_gstreamer_publishes(sink: str) -> None:
    if not has_elements(sink, *_GSTREAMER):
        pytest.skip(
            f"GStreamer's {sink} is not installed (apt-get install gstreamer1.0-tools gstreamer1.0-plugins-ugly)"
        )
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(ServerSettings(port=0), recorder) as server:
            published = await publish_with_gstreamer(sink, f"rtmp://127.0.0.1:{server.port}/live/gst")
            assert published.returncode == 0, published.said
            await asyncio.wait_for(recorder.recordings["gst"].has_ended.wait(), PATIENCE_S)

    asyncio.run(scenario())
    assert_arrived(recorder.recordings["gst"])


def test_the_ffmpeg_of_the_machine_publishes() -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("there is no other ffmpeg on this machine (apt-get install ffmpeg)")
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(ServerSettings(port=0), recorder) as server:
            published = await publish(f"rtmp://127.0.0.1:{server.port}/live/system", PICTURES / RATE, ffmpeg=ffmpeg)
            assert published.returncode == 0, published.said
            await asyncio.wait_for(recorder.recordings["system"].has_ended.wait(), PATIENCE_S)

    asyncio.run(scenario())
    assert_arrived(recorder.recordings["system"])


def assert_arrived(recording: Recording) -> None:
    packets = recording.packets()
    assert packets["avc1/KEY"] + packets["avc1/FRAMES"] == PICTURES
    assert packets["avc1/KEY"] == 2
    assert packets["mp4a/FRAMES"] >= 80
    assert recording.ending is not None
    assert recording.ending.kind is EndingKind.UNPUBLISHED
