"""Every source frame is shown when it should be, once, in every rendition and across chunk joins."""

import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from millrace.media.boxes import boxes
from millrace.media.fragment import parse_fragment, track_defaults
from tests.media_fixtures import FFPROBE, ClipOptions, decode_errors, make_clip, read_barcodes
from tests.media_fixtures.transcoding import Transcoded, transcode

# Two chunks of one segment and a third: three chunks, two joins.
SECONDS = 9


PLAIN = ClipOptions()


@dataclass(frozen=True)
class Case:
    name: str
    rate: Fraction | int = 30
    size: tuple[int, int] = (320, 180)
    audio: bool = True
    options: ClipOptions = PLAIN
    # What the output must show when the source's own stamps are not the judge.
    is_constant: bool = True
    upright: str = "null"
    seconds: float = SECONDS
    frames: int | None = None


NTSC = Fraction(30000, 1001)
DROPS = "select='not(eq(mod(n,7),3)+between(n,100,189))',setpts='PTS+if(eq(mod(N,3),1),0.006,0)/TB'"
CASES = [
    Case("plain.mp4"),
    Case("ntsc.mp4", rate=NTSC),
    Case("film.mkv", rate=Fraction(24000, 1001)),
    Case("sixty_silent.mp4", rate=60, audio=False),
    Case("variable_rate.mp4", options=ClipOptions(video_filter=DROPS), is_constant=False),
    Case("variable_rate.mkv", options=ClipOptions(video_filter=DROPS), is_constant=False),
    Case("open_gop.mp4", options=ClipOptions(gop=48, open_gop=True, bframes=3)),
    Case("open_gop.mkv", options=ClipOptions(gop=48, open_gop=True, bframes=3)),
    Case("open_gop.ts", options=ClipOptions(gop=48, open_gop=True, bframes=3)),
    Case("late_clock.ts", rate=25, options=ClipOptions(output=("-output_ts_offset", "30000"))),
    Case(
        "edit_list.mp4",
        options=ClipOptions(gop=48, remux_input=("-ss", "1.3"), remux=()),
        is_constant=False,
        seconds=11,
    ),
    Case("picture_late.mp4", options=ClipOptions(video_filter="setpts=PTS+0.7/TB"), is_constant=False),
    Case(
        "rotated.mp4",
        options=ClipOptions(remux_input=("-display_rotation:v:0", "90"), remux=()),
        upright="transpose=clock",
    ),
    Case(
        "portrait.mov",
        options=ClipOptions(remux_input=("-display_rotation:v:0", "-90"), remux=()),
        upright="transpose=cclock",
    ),
    Case(
        "upside_down.mp4",
        options=ClipOptions(remux_input=("-display_rotation:v:0", "180"), remux=()),
        upright="hflip,vflip",
    ),
    Case("sixty_ntsc.mkv", rate=Fraction(60000, 1001)),
    Case(
        "pal_wide.ts",
        rate=25,
        size=(360, 288),
        options=ClipOptions(
            codec="mpeg2video", gop=12, output=("-q:v", "2", "-aspect", "16:9", "-flags", "+ildct+ilme", "-bf", "2")
        ),
    ),
    Case("odd.mp4", size=(323, 181), options=ClipOptions(pixel_format="yuv444p")),
    # Without an edit list the picture begins a reorder delay after the sound: that is what the file says.
    Case(
        "fragmented.mp4",
        options=ClipOptions(gop=60, output=("-movflags", "+frag_keyframe+empty_moov")),
        is_constant=False,
    ),
    Case(
        "fragmented_silent.mp4",
        audio=False,
        options=ClipOptions(gop=60, output=("-movflags", "+frag_keyframe+empty_moov")),
    ),
    Case("interlaced.mp4", rate=25, options=ClipOptions(output=("-x264-params", "tff=1"))),
    Case("ten_bit_pq.mp4", options=ClipOptions(pixel_format="yuv420p10le", output=("-color_trc", "smpte2084"))),
    Case(
        "live.webm",
        options=ClipOptions(codec="libvpx", gop=90, output=("-deadline", "realtime", "-cpu-used", "16", "-live", "1")),
    ),
    # ffmpeg reads the second frame of an AVI one place late.
    Case("old.avi", options=ClipOptions(codec="mpeg4", gop=60, output=("-q:v", "4")), is_constant=False),
    Case("slow_motion.mp4", rate=120, is_constant=False, frames=540),
    Case("slide_show.mp4", rate=1, seconds=30, is_constant=False, frames=300),
    Case("pause.mp4", options=ClipOptions(video_filter="setpts='PTS+gte(N,60)*7/TB'"), is_constant=False),
    Case("pause.mkv", options=ClipOptions(video_filter="setpts='PTS+gte(N,60)*7/TB'"), is_constant=False),
    Case("wide_pixels.mp4", options=ClipOptions(video_filter="setsar=4/3")),
    Case("obs.flv", options=ClipOptions(gop=60)),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture(scope="module")
def source(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / case.name
    return make_clip(path, seconds=case.seconds, size=case.size, rate=case.rate, audio=case.audio, options=case.options)


@pytest.fixture(scope="module")
def result(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Transcoded:
    return transcode(source, tmp_path_factory.mktemp("result"))


def test_every_frame_is_shown_when_the_source_shows_it(case: Case, source: Path, result: Transcoded) -> None:
    expected = _expected(source, result, case.upright)
    for rendition in result.plan.renditions:
        shown = read_barcodes(result.joined(rendition.name), case.upright)
        assert shown == expected
        if case.frames:
            assert len(shown) == case.frames
        if case.is_constant:
            assert shown == list(range(round(case.seconds * case.rate)))


def _expected(source: Path, result: Transcoded, upright: str) -> list[int]:
    """Return the frame on screen at each place of the grid, from the source's stamps as ffprobe tells them."""
    command = [FFPROBE, "-v", "error", "-select_streams", "v", "-of", "json"]
    command += ["-show_entries", "packet=pts,dts,flags:stream=time_base", str(source)]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    tick_s = Fraction(listed["streams"][0]["time_base"])
    kept = [packet for packet in listed["packets"] if "D" not in packet["flags"]]
    stamps = sorted(packet.get("pts", packet.get("dts")) * tick_s for packet in kept)
    numbers = read_barcodes(source, upright)
    assert len(numbers) == len(stamps)
    rate, first = result.plan.frame_rate, stamps[0] - result.examined.timeline.lead_frames / result.plan.frame_rate
    places = [int((stamp - first) * rate + Fraction(1, 2)) for stamp in stamps]
    shown = []
    for place in range(result.plan.frame_count):
        before = [number for number, at in zip(numbers, places, strict=True) if at <= place]
        shown.append(before[-1] if before else numbers[0])
    return shown


def test_chunks_share_one_init_segment(result: Transcoded) -> None:
    assert len(result.plan.chunks) >= 3
    assert {name: len(inits) for name, inits in result.inits.items()} == dict.fromkeys(result.inits, 1)


def test_decode_times_have_no_hole(result: Transcoded) -> None:
    for name, track in result.tracks.items():
        data = memoryview(result.joined(name).read_bytes())
        top = list(boxes(data))
        defaults = track_defaults(data, top[1])
        expected = 0
        for box in top:
            if box.kind == "moof":
                fragment = parse_fragment(data, box, defaults)
                assert fragment.decode_time == expected
                expected += fragment.duration
        assert expected == sum(segment.duration for segment in track.segments)


def test_the_whole_decodes_without_complaint(result: Transcoded) -> None:
    for name in result.tracks:
        assert decode_errors(result.joined(name)) == ""
