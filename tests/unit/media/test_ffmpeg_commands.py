"""The commands are pinned: a changed golden file is a changed product, and a commit says why.

Run with MILLRACE_WRITE_GOLDEN=1 to write them anew.
"""

import os
from fractions import Fraction
from pathlib import Path

import pytest

from millrace.media.complexity import sample_places
from millrace.media.ffmpeg import audio_argv, chunk_argv, chunk_window, complexity_argv, poster_argv
from millrace.media.plan import EncodePlan, make_plan
from millrace.media.probe import Limits, packets_argv, probe_argv
from tests.media_fixtures.values import a_plan, a_source, a_timeline

GOLDEN = Path(__file__).parents[2] / "golden" / "ffmpeg"
URL = "https://source.example/uploads/1?signature=x"
NTSC = Fraction(30000, 1001)


def _odd_plan() -> EncodePlan:
    source = a_source(container="mpegts", frame_rate=NTSC, start_s=Fraction(3001, 10), is_interlaced=True, width=720)
    timeline = a_timeline(frame_rate=NTSC, origin_s=Fraction(27010000, 90000))
    return make_plan(source, timeline, parallelism=2)


def _hdr_plan() -> EncodePlan:
    source = a_source()
    video = source.video.model_copy(update={"transfer": "smpte2084", "pixel_format": "yuv420p10le"})
    return make_plan(source.model_copy(update={"video": video}), a_timeline(), parallelism=2)


COMMANDS = {
    "probe": probe_argv("ffprobe", URL, Limits()),
    "packets": packets_argv("ffprobe", URL, Limits(), a_source()),
    "chunk_first": chunk_argv("ffmpeg", a_plan(), a_plan().chunks[0], URL, "/tmp/out"),
    "chunk_middle": chunk_argv("ffmpeg", a_plan(), a_plan().chunks[2], URL, "/tmp/out"),
    "chunk_interlaced_transport_stream": chunk_argv("ffmpeg", _odd_plan(), _odd_plan().chunks[1], URL, "/tmp/out"),
    "chunk_hdr": chunk_argv("ffmpeg", _hdr_plan(), _hdr_plan().chunks[1], URL, "/tmp/out"),
    "audio_first": audio_argv("ffmpeg", a_plan(), a_plan().audio_chunks[0], URL, "/tmp/out"),
    "audio_middle": audio_argv("ffmpeg", a_plan(seconds=400), a_plan(seconds=400).audio_chunks[1], URL, "/tmp/out"),
    "audio_transport_stream": audio_argv("ffmpeg", _odd_plan(), _odd_plan().audio_chunks[1], URL, "/tmp/out"),
    "complexity": complexity_argv("ffmpeg", a_plan(), sample_places(a_plan())[0], URL, "/tmp/out"),
    "poster": poster_argv("ffmpeg", a_plan(), URL, "/tmp/out/poster.jpg"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_the_golden_one(name: str) -> None:
    golden = GOLDEN / f"{name}.txt"
    text = "\n".join(COMMANDS[name]).replace(";[", ";\n  [") + "\n"
    if os.environ.get("MILLRACE_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_safety_options_stand_before_the_input(name: str) -> None:
    argv = COMMANDS[name]
    before = argv[: argv.index("-i")]
    for option in ("-format_whitelist", "-protocol_whitelist", "-max_pixels", "-max_streams", "-rw_timeout"):
        assert option in before
    allowed = before[before.index("-protocol_whitelist") + 1].split(",")
    assert set(allowed) == {"http", "https", "tcp", "tls"}


def test_no_playlist_demuxer_is_allowed() -> None:
    argv = COMMANDS["chunk_first"]
    formats = argv[argv.index("-format_whitelist") + 1].split(",")
    assert not {"hls", "dash", "concat", "sdp", "rtp", "image2", "lavfi"} & set(formats)


def test_the_window_ends_with_the_video() -> None:
    plan = a_plan()
    assert chunk_window(plan, plan.chunks[0]) == (0, 132)
    assert chunk_window(plan, plan.chunks[1]) == (108, 252)
    assert chunk_window(plan, plan.chunks[-1])[1] == plan.frame_count
