"""ffprobe's words become a typed source, or a sentence for the owner."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.probe import Packet, SourceInfo, explain_failure, parse_packets, parse_probe
from millrace.media.refusal import RefusalCode, SourceRejected, SourceUnreachable

VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "width": 1920,
    "height": 1080,
    "pix_fmt": "yuv420p",
    "r_frame_rate": "30000/1001",
    "time_base": "1/30000",
    "start_pts": 1001,
    "sample_aspect_ratio": "1:1",
    "field_order": "progressive",
}
AUDIO: dict[str, Any] = {
    "index": 1,
    "codec_type": "audio",
    "codec_name": "aac",
    "channels": 2,
    "sample_rate": "44100",
    "tags": {"language": "swe"},
}


def _probe(*streams: dict[str, Any], **form: str) -> str:
    described = {"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "start_time": "0.000000", "duration": "10.0", **form}
    return json.dumps({"streams": streams, "format": described})


def _refusal(text: str) -> SourceRejected:
    with pytest.raises(SourceRejected) as caught:
        parse_probe(text)
    return caught.value


def test_a_plain_file_is_described() -> None:
    source = parse_probe(_probe(VIDEO, AUDIO))
    assert source.video.start_s == Fraction(1001, 30000)
    assert source.video.display_size == (1920, 1080)
    assert source.audio[0].language == "swe"
    assert source.is_movie_file
    assert SourceInfo.model_validate_json(source.model_dump_json()) == source


@pytest.mark.parametrize(
    ("rotation", "size"), [(-90, (1080, 1920)), (90, (1080, 1920)), (180, (1920, 1080)), (-89.9, (1080, 1920))]
)
def test_a_rotated_picture_is_displayed_upright(rotation: float, size: tuple[int, int]) -> None:
    rotated = VIDEO | {"side_data_list": [{"side_data_type": "Display Matrix", "rotation": rotation}]}
    assert parse_probe(_probe(rotated)).video.display_size == size


@pytest.mark.parametrize(
    ("aspect", "size"), [("4:3", (2560, 1080)), ("0:1", (1920, 1080)), ("N/A", (1920, 1080)), ("9999:1", (1920, 1080))]
)
def test_pixels_are_made_square(aspect: str, size: tuple[int, int]) -> None:
    assert parse_probe(_probe(VIDEO | {"sample_aspect_ratio": aspect})).video.display_size == size


def test_cover_art_is_no_video() -> None:
    cover = VIDEO | {"codec_name": "mjpeg", "disposition": {"attached_pic": 1}}
    assert _refusal(_probe(cover, AUDIO)).code is RefusalCode.NO_VIDEO_STREAM


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_probe(AUDIO), RefusalCode.NO_VIDEO_STREAM),
        (_probe(), RefusalCode.NO_VIDEO_STREAM),
        (_probe(VIDEO | {"codec_name": "av1"}), RefusalCode.UNSUPPORTED_CODEC),
        (_probe(VIDEO, AUDIO | {"codec_name": "atrac9"}), RefusalCode.UNSUPPORTED_CODEC),
        (_probe(VIDEO | {"width": 9000}), RefusalCode.BAD_DIMENSIONS),
        (_probe(VIDEO | {"width": 8}), RefusalCode.BAD_DIMENSIONS),
        (_probe(VIDEO | {"width": 8192, "height": 8192}), RefusalCode.BAD_DIMENSIONS),
        (_probe(VIDEO | {"codec_tag_string": "encv"}), RefusalCode.ENCRYPTED),
        (_probe(VIDEO, duration="50000"), RefusalCode.TOO_LONG),
        ("{}", RefusalCode.NOT_A_VIDEO),
        ("no json", RefusalCode.NOT_A_VIDEO),
    ],
)
def test_what_cannot_be_encoded_is_refused_with_a_sentence(text: str, code: RefusalCode) -> None:
    refusal = _refusal(text)
    assert refusal.code is code
    assert refusal.message.endswith(".")
    assert refusal.message[0].isupper()


def test_an_empty_sound_track_is_ignored() -> None:
    assert parse_probe(_probe(VIDEO, AUDIO | {"channels": 0})).audio == ()


def test_the_sound_that_can_be_decoded_is_used() -> None:
    source = parse_probe(_probe(VIDEO, AUDIO | {"codec_name": "atrac9"}, AUDIO | {"index": 2}))
    assert [audio.index for audio in source.audio] == [2]


def test_packets_that_nobody_sees_are_left_out() -> None:
    listed = "0,0,K_\n1001,1001,_D\nN/A,2002,__\nN/A,N/A,__\n\nrubbish\n"
    assert parse_packets(listed) == (Packet(pts=0, is_keyframe=True), Packet(pts=2002, is_keyframe=False))


@given(st.text())
def test_any_packet_list_can_be_read(text: str) -> None:
    parse_packets(text)


@pytest.mark.parametrize(
    ("stderr", "code"),
    [
        ("Picture size 16000x8640 exceeds specified max pixel count 36000000", RefusalCode.BAD_DIMENSIONS),
        ("Number of streams exceeds max_streams parameter (20)", RefusalCode.TOO_MANY_STREAMS),
        ("Invalid data found when processing input", RefusalCode.NOT_A_VIDEO),
        ("Format not on whitelist 'mov'", RefusalCode.NOT_A_VIDEO),
    ],
)
def test_what_ffprobe_complains_about_is_explained(stderr: str, code: RefusalCode) -> None:
    refusal = explain_failure(stderr)
    assert isinstance(refusal, SourceRejected)
    assert refusal.code is code


@pytest.mark.parametrize("stderr", ["source: I/O error", "Out of memory", "[asf @ 0x1] size 1313754702 invalid"])
def test_what_is_not_the_networks_fault_is_the_files(stderr: str) -> None:
    refusal = explain_failure(stderr)
    assert isinstance(refusal, SourceRejected)
    assert refusal.code is RefusalCode.UNREADABLE


@pytest.mark.parametrize("stderr", ["HTTP error 503", "Connection refused", "[tls @ 0x1] Input/output error", ""])
def test_a_network_error_is_not_the_files_fault(stderr: str) -> None:
    assert isinstance(explain_failure(stderr), SourceUnreachable)
