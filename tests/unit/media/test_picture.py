"""Pictures: what of their files is kept, and what is no picture."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.picture import PNG_SIGNATURE, Picture, PictureKind, PictureRejected, clean_picture

SECRET = b"GPS 48.2082 N 16.3738 E"


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*between: bytes, width_px: int = 3, height_px: int = 2, behind: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0))
    rows = (b"\x00" + b"\x80" * 3 * width_px) * height_px
    return (
        PNG_SIGNATURE + header + b"".join(between) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"") + behind
    )


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"


def jpeg(*between: bytes, behind: bytes = b"") -> bytes:
    frame = segment(0xC0, struct.pack(">BHHB", 8, 2, 3, 1) + b"\x01\x11\x00")
    return b"\xff\xd8" + b"".join(between) + frame + SCAN + b"\xff\xd9" + behind


def riff(*chunks: tuple[bytes, bytes], behind: bytes = b"") -> bytes:
    body = b"WEBP" + b"".join(
        struct.pack("<4sI", name, len(content)) + content + b"\x00" * (len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind


LOSSLESS = (b"VP8L", b"\x2f" + struct.pack("<I", 2 | 1 << 14) + b"\x00")
CANVAS = (b"VP8X", bytes([0x3C]) + b"\x00\x00\x00" + (2).to_bytes(3, "little") + (1).to_bytes(3, "little"))

PLAIN = {PictureKind.PNG: png(), PictureKind.JPEG: jpeg(), PictureKind.WEBP: riff(LOSSLESS)}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_picture_stays_as_it_is(kind: PictureKind) -> None:
    assert clean_picture(PLAIN[kind]) == Picture(kind, 3, 2, PLAIN[kind])


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (png(chunk(b"eXIf", SECRET), chunk(b"tEXt", b"a\x00" + SECRET), chunk(b"iTXt", SECRET)), png()),
        (png(chunk(b"acTL", SECRET), chunk(b"fcTL", SECRET), chunk(b"tIME", SECRET)), png()),
        (png(behind=b"PK\x03\x04" + SECRET), png()),
        (jpeg(segment(0xE1, b"Exif\x00\x00" + SECRET), segment(0xFE, SECRET)), jpeg()),
        (jpeg(segment(0xED, b"Photoshop 3.0\x00" + SECRET), segment(0xE2, b"MPF\x00" + SECRET)), jpeg()),
        (jpeg(behind=b"<script>" + SECRET), jpeg()),
        (riff(LOSSLESS, (b"EXIF", SECRET), (b"XMP ", SECRET), (b"ABCD", SECRET)), riff(LOSSLESS)),
        (riff(LOSSLESS, behind=SECRET), riff(LOSSLESS)),
    ],
)
def test_what_does_not_draw_the_picture_is_left_behind(data: bytes, plain: bytes) -> None:
    cleaned = clean_picture(data)
    assert cleaned.data == plain
    assert SECRET not in cleaned.data
    assert clean_picture(cleaned.data) == cleaned


def test_colours_stay_right() -> None:
    profile = segment(0xE2, b"ICC_PROFILE\x00\x01\x01profile")
    adobe = segment(0xEE, b"Adobe\x00d\x00\x00\x00\x00\x00")
    assert clean_picture(jpeg(profile, adobe)).data == jpeg(profile, adobe)
    assert clean_picture(png(chunk(b"iCCP", b"x"))).data == png(chunk(b"iCCP", b"x"))


def test_the_canvas_of_a_webp_no_longer_promises_what_was_left_behind() -> None:
    cleaned = clean_picture(riff(CANVAS, (b"ICCP", b"xy"), LOSSLESS, (b"EXIF", SECRET)))
    assert (cleaned.width_px, cleaned.height_px) == (3, 2)
    assert cleaned.data[20] == 0x30
    assert b"ICCP" in cleaned.data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='x'><script>alert(1)</script></svg>",
        b"<html>",
        PNG_SIGNATURE,
        png()[:-5],
        png()[:40] + b"\x00" + png()[41:],
        png(width_px=0),
        PNG_SIGNATURE + chunk(b"IDAT", b"x"),
        PNG_SIGNATURE + struct.pack(">I", 0xFFFFFFFF) + b"IHDR",
        b"\xff\xd8\xff",
        jpeg()[:-2],
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe1\x00\x00",
        b"\xff\xd8" + b"\xff" * 50_000,
        riff((b"ANIM", b"x"), (b"ANMF", b"y")),
        riff((b"VP8L", b"")),
        riff(),
        b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRejected):
        clean_picture(data)


@given(st.sampled_from(sorted(PLAIN.values())), st.data())
def test_no_damage_does_worse_than_a_refusal(plain: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(plain) - 1))
    damaged = plain[:place] + data.draw(st.binary(max_size=12)) + plain[place + data.draw(st.integers(0, 8)) :]
    try:
        cleaned = clean_picture(damaged)
    except PictureRejected:
        return
    assert len(cleaned.data) <= len(damaged)
