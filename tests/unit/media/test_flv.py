"""FLV tags: what their first bytes say, and how they stand in a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media import flv
from millrace.media.flv import AudioHeader, FlvTag, Malformed, PacketKind, TagKind, VideoHeader

FRAMES, CONFIGURATION, END, OTHER = (
    PacketKind.FRAMES, PacketKind.CONFIGURATION, PacketKind.END, PacketKind.OTHER,
)  # fmt: skip
TAGS = st.builds(
    FlvTag,
    kind=st.sampled_from(TagKind),
    timestamp_ms=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(min_size=1, max_size=300),
)


@given(st.lists(TAGS, max_size=5))
def test_a_file_is_read_as_it_was_written(tags: list[FlvTag]) -> None:
    assert list(flv.read_tags(flv.FILE_HEADER + b"".join(map(flv.encode, tags)))) == tags


def test_a_tag_that_is_cut_off_at_the_end_is_left_out() -> None:
    tag = FlvTag(TagKind.AUDIO, 1, b"sound")
    whole = flv.FILE_HEADER + flv.encode(tag) * 2
    for length in range(len(flv.FILE_HEADER), len(whole)):
        assert list(flv.read_tags(whole[:length])) == [tag] * ((length - 9) // 20)


def test_a_time_of_32_bits_is_written_with_its_highest_byte_last() -> None:
    assert flv.encode(FlvTag(TagKind.VIDEO, 0x01020304, b"x"))[:11].hex() == "0900000102030401000000"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("1700000000aa", VideoHeader("avc1", CONFIGURATION, False, 0, 5)),
        ("1701000050aa", VideoHeader("avc1", FRAMES, True, 80, 5)),
        ("2701ffffd8aa", VideoHeader("avc1", FRAMES, False, -40, 5)),
        ("1702000000", VideoHeader("avc1", END, False, 0, 5)),
        ("12aa", VideoHeader("flv1", FRAMES, True, 0, 1)),
        ("1caa", None),
        ("1c00000000aa", VideoHeader("hvc1", CONFIGURATION, False, 0, 5)),
        ("5701000000", VideoHeader("avc1", OTHER, False, 0, 1)),
        ("19aa", VideoHeader("#9", FRAMES, True, 0, 1)),
        ("9068766331aa", VideoHeader("hvc1", CONFIGURATION, False, 0, 5, True)),
        ("9168766331000028aa", VideoHeader("hvc1", FRAMES, True, 40, 8, True)),
        ("a368766331aa", VideoHeader("hvc1", FRAMES, False, 0, 5, True)),
        ("9161763031aa", VideoHeader("av01", FRAMES, True, 0, 5, True)),
        ("9461763031aa", VideoHeader("av01", OTHER, False, 0, 5, True)),
        ("961168766331aa", VideoHeader("hvc1", FRAMES, True, 0, 6, True, True)),
        ("9702aabbcc0168766331000028", VideoHeader("hvc1", FRAMES, True, 40, 13, True)),
    ],
)
def test_the_head_of_a_video_tag(payload: str, expected: VideoHeader | None) -> None:
    data = bytes.fromhex(payload)
    if expected is None:
        with pytest.raises(Malformed):
            flv.video_header(data)
    else:
        assert flv.video_header(data) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("af001190", AudioHeader("mp4a", CONFIGURATION, 2)),
        ("af01aa", AudioHeader("mp4a", FRAMES, 2)),
        ("2faa", AudioHeader(".mp3", FRAMES, 1)),
        ("6faa", AudioHeader("#6", FRAMES, 1)),
        ("904f707573aa", AudioHeader("Opus", CONFIGURATION, 5, True)),
        ("914f707573aa", AudioHeader("Opus", FRAMES, 5, True)),
        ("944f707573aa", AudioHeader("Opus", OTHER, 5, True)),
        ("95116d703461aa", AudioHeader("mp4a", FRAMES, 6, True, True)),
    ],
)
def test_the_head_of_an_audio_tag(payload: str, expected: AudioHeader) -> None:
    assert flv.audio_header(bytes.fromhex(payload)) == expected


@given(st.binary(max_size=40))
def test_random_bytes_are_a_head_or_malformed(data: bytes) -> None:
    for read in (flv.video_header, flv.audio_header):
        try:
            assert 0 < read(data).data_start <= len(data)
        except Malformed:
            continue


@given(st.binary(max_size=60))
def test_random_bytes_are_tags_or_malformed(data: bytes) -> None:
    try:
        tags = list(flv.read_tags(flv.FILE_HEADER + data))
    except Malformed:
        return
    assert sum(len(tag.payload) for tag in tags) <= len(data)


def test_too_many_modifiers_are_malformed() -> None:
    with pytest.raises(Malformed, match="modifiers"):
        flv.video_header(b"\x97" + b"\x00\x00\x07" * 20)


def test_what_is_no_flv_file_is_malformed() -> None:
    with pytest.raises(Malformed, match="no FLV"):
        list(flv.read_tags(b"ID3" + bytes(20)))
    with pytest.raises(Malformed, match="kind 7"):
        list(flv.read_tags(flv.FILE_HEADER + b"\x07" + bytes(10)))
