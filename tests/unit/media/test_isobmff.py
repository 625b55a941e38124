"""Movie boxes are read as they are, and nothing hostile gets further than Malformed."""

import contextlib
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.media.boxes import Malformed, boxes
from millrace.media.codecs import codec_of
from millrace.media.fragment import TrackDefaults, parse_fragment, write_audio_fragment
from millrace.media.isobmff import CutOff, Edit, Moov, parse_moov, read_moov
from tests.media_fixtures.movies import box, full_box, large_box, movie

FTYP = box("ftyp", b"isom", bytes(4))
ALL = movie(deltas=[(200, 512), (100, 1024)], offsets=[(300, 1024)], sync=[1, 61], edits=[(700, -1), (9000, 1024)])


def _read(data: bytes) -> Moov:
    return read_moov(lambda offset, length: data[offset : offset + length], len(data))


@pytest.mark.parametrize("wide", [False, True])
def test_tables_and_edits_are_read_in_both_widths(wide: bool) -> None:
    moov = parse_moov(movie(deltas=[(10, 512)], offsets=[(10, -512)], sync=[1], edits=[(5, -1), (9, 3)], wide=wide))
    track = moov.tracks[0]
    assert (moov.timescale, track.timescale, track.track_id, track.handler) == (1000, 15360, 1, "vide")
    assert track.sample_format == "avc1"
    assert list(track.decode_deltas) == [(10, 512)]
    assert list(track.composition_offsets) == [(10, -512)]
    assert list(track.sync_samples or ()) == [(1,)]
    assert track.edits == (Edit(5, -1, is_normal_rate=True), Edit(9, 3, is_normal_rate=True))
    assert track.sample_count == 10


@pytest.mark.parametrize(
    "data",
    [
        FTYP + movie() + box("mdat", bytes(100)),
        FTYP + box("mdat", bytes(100)) + movie(),
        FTYP + large_box("mdat", bytes(100)) + movie(),
        FTYP + box("free") + box("mdat", bytes(100)) + movie() + b"\0\0\0\5rubbish",
        FTYP + movie() + b"\0\0\0\0mdat" + bytes(100),
    ],
    ids=["front", "end", "large", "rubbish behind", "to the end"],
)
def test_the_movie_box_is_found_wherever_it_is(data: bytes) -> None:
    assert _read(data).tracks[0].sample_count == 300


def test_only_headers_and_the_movie_box_are_read() -> None:
    data = FTYP + box("mdat", bytes(1_000_000)) + movie()
    asked: list[int] = []

    def read(offset: int, length: int) -> bytes:
        asked.append(length)
        return data[offset : offset + length]

    read_moov(read, len(data))
    assert sum(asked) < len(movie()) + 100


@pytest.mark.parametrize(
    "data",
    [
        FTYP + box("mdat", bytes(100)),
        FTYP + box("mdat", bytes(100))[:-10],
        FTYP + movie() + box("mdat", bytes(100))[:-10],
        FTYP + box("mdat", bytes(100)) + movie()[:-10],
        FTYP,
    ],
)
def test_a_file_that_ends_early_is_cut_off(data: bytes) -> None:
    with pytest.raises(CutOff):
        _read(data)


def test_fragmented_files_are_recognised() -> None:
    assert _read(FTYP + movie(extra=box("mvex")) + box("moof") + box("mdat")).is_fragmented


@pytest.mark.parametrize(
    "data",
    [
        movie(deltas=[(4_000_000, 1)] * 3),
        movie(timescale=0),
        movie(edits=[(1, 1)] * 100),
        box("moov", movie()[8:].replace(b"mdia", b"mdib")),
        movie().replace(b"stts\0\0\0\0\0\0\0\1", b"stts\0\0\0\0\xff\xff\xff\xff"),
    ],
    ids=["too many samples", "no timescale", "too many edits", "no mdia", "promises too much"],
)
def test_nonsense_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_moov(data)


def test_a_sample_bomb_costs_nothing() -> None:
    bomb = movie(deltas=[(0xFFFFFFFF, 1)] * 1000)
    with pytest.raises(Malformed):
        parse_moov(bomb)


MUTATIONS = st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([0, 1, 7, 8, 127, 128, 255])), max_size=8)
FRAGMENT = write_audio_fragment(1, 0, 1024, [memoryview(b"abc"), memoryview(b"defg")])


def _init(entry: bytes) -> bytes:
    """Return an init segment with that sample entry."""
    stsd = full_box("stsd", 0, struct.pack(">I", 1), entry)
    return FTYP + box("moov", box("trak", box("mdia", box("minf", box("stbl", stsd)))))


AVC = _init(box("avc1", bytes(78), box("avcC", b"\1\x64\x00\x28\xff")))
ESDS = b"\3\x80\x80\x80\x22\0\1\0\4\x80\x80\x80\x14\x40" + bytes(12) + b"\5\x80\x80\x80\2\x11\x90"
AAC = _init(box("mp4a", bytes(28), full_box("esds", 0, ESDS)))


@pytest.mark.parametrize(("init", "codec"), [(AVC, "avc1.640028"), (AAC, "mp4a.40.2")])
def test_the_codec_is_named_as_browsers_do(init: bytes, codec: str) -> None:
    assert codec_of(init) == codec


@pytest.mark.parametrize("init", [_init(b""), _init(box("hvc1", bytes(78))), _init(box("avc1")), FTYP])
def test_other_init_segments_are_malformed(init: bytes) -> None:
    with pytest.raises(Malformed):
        codec_of(init)


def _fragments(data: bytes) -> None:
    view = memoryview(data)
    for each in boxes(view):
        if each.kind == "moof":
            parse_fragment(view, each, TrackDefaults(1, 48000, 1024, 0))


PARSERS: list[tuple[Callable[[bytes], object], bytes]] = [
    (parse_moov, ALL),
    (_read, FTYP + ALL + box("mdat", bytes(8))),
    (_fragments, FRAGMENT),
    (codec_of, AVC),
    (codec_of, AAC),
]


@pytest.mark.parametrize(("parse", "whole"), PARSERS, ids=["moov", "file", "fragment", "avc", "aac"])
@settings(max_examples=400, deadline=None)
@given(mutations=MUTATIONS, cut=st.integers(0, 10_000), noise=st.binary(max_size=64))
def test_damage_raises_nothing_but_malformed(
    parse: Callable[[bytes], object],
    whole: bytes,
    mutations: list[tuple[int, int]],
    cut: int,
    noise: bytes,
) -> None:
    damaged = bytearray(whole)
    for place, value in mutations:
        damaged[place % len(damaged)] = value
    for data in (bytes(damaged), bytes(damaged[: cut % len(damaged)]), noise, bytes(damaged) + noise):
        with contextlib.suppress(Malformed):
            parse(data)


@given(frames=st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=9), start=st.integers(0, 2**40))
def test_a_written_fragment_reads_back(frames: list[bytes], start: int) -> None:
    data = memoryview(write_audio_fragment(7, start, 1024, [memoryview(frame) for frame in frames]))
    moof = next(boxes(data))
    fragment = parse_fragment(data, moof, TrackDefaults(1, 48000, 0, 0))
    assert fragment.decode_time == start
    assert fragment.duration == 1024 * len(frames)
    assert [bytes(data[s.offset : s.offset + s.size_bytes]) for s in fragment.samples] == frames
