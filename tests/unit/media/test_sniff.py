"""Files in disguise are known by their first bytes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.media.sniff import sniff

HEADS = [
    (b"", RefusalCode.EMPTY_FILE),
    (b"#EXTM3U\n#EXTINF:10\nhttp://127.0.0.1/secret\n", RefusalCode.PLAYLIST),
    (b"\xef\xbb\xbf#EXTM3U\n", RefusalCode.PLAYLIST),
    (b"  \n#EXTM3U\n", RefusalCode.PLAYLIST),
    (b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">', RefusalCode.PLAYLIST),
    (b"<!-- hello -->\n<MPD >", RefusalCode.PLAYLIST),
    (b"ffconcat version 1.0\nfile 'x.mp4'\n", RefusalCode.PLAYLIST),
    (b"file 'x.mp4'\n", RefusalCode.PLAYLIST),
    (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", RefusalCode.PLAYLIST),
    (b'<svg xmlns="http://www.w3.org/2000/svg">', RefusalCode.NOT_A_VIDEO),
    (b'<?xml version="1.0"?><svg >', RefusalCode.NOT_A_VIDEO),
    (b"<!DOCTYPE html><html>", RefusalCode.NOT_A_VIDEO),
    (b"%PDF-1.7", RefusalCode.NOT_A_VIDEO),
    (b"#!/bin/sh\n", RefusalCode.NOT_A_VIDEO),
    (b"\x89PNG\r\n\x1a\n", RefusalCode.STILL_IMAGE),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", RefusalCode.STILL_IMAGE),
    (b"\0\0\0\x18ftypheic", RefusalCode.STILL_IMAGE),
    (b"ID3\x04\0", RefusalCode.NO_VIDEO_STREAM),
    (b"RIFF\0\0\0\0WAVE", RefusalCode.NO_VIDEO_STREAM),
]


@pytest.mark.parametrize(("head", "code"), HEADS)
def test_what_is_no_video_is_named(head: bytes, code: RefusalCode) -> None:
    with pytest.raises(SourceRejected) as caught:
        sniff(head, len(head))
    assert caught.value.code is code
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x18ftypmp42",
        b"\x1aE\xdf\xa3",
        b"G" + bytes(187) + b"G",
        b"RIFF\0\0\0\0AVI ",
        b"FLV\1",
        b"OggS",
        b"\0\0\1\xba",
    ],
)
def test_video_containers_pass(head: bytes) -> None:
    sniff(head, 1000)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(head: bytes) -> None:
    with contextlib.suppress(SourceRejected):
        sniff(head, len(head))
