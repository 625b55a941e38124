"""Still pictures that people upload: what they are, and a copy that carries nothing but the picture.

A camera writes where it stood into its files, and a file may go on behind its picture with something else. Neither
reaches a viewer: only what draws the picture is copied. Nothing is decoded here; browsers do that in their sandbox.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# Palette, transparency, colour and density (PNG third edition, 11.3). No text, no time, no EXIF, no animation.
PNG_KEPT: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD pHYs".split(),
)
# RFC 9649 2.7: colour profile, transparency and the two kinds of picture. EXIF, XMP and animation stay behind.
WEBP_KEPT: Final = frozenset((b"VP8X", b"ICCP", b"ALPH", b"VP8 ", b"VP8L"))
WEBP_HAS_ICC: Final = 0x20
WEBP_HAS_ALPHA: Final = 0x10
MAX_PARTS: Final = 20_000

_SOI, _EOI, _SOS, _COM, _TEM = 0xD8, 0xD9, 0xDA, 0xFE, 0x01
_RESTARTS: Final = range(0xD0, 0xD8)
_APP: Final = range(0xE0, 0xF0)
# Frames (ITU-T T.81 table B.1): C4, C8 and CC in the same range are tables and extensions.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Without them colours would be wrong: JFIF, colour profile, and whether Adobe has turned the colours.
_APP_KEPT: Final = ((0xE0, b"JFIF\x00"), (0xE2, b"ICC_PROFILE\x00"), (0xEE, b"Adobe"))


class PictureRejected(Exception):
    """The file is not a picture that we take; the message is one plain sentence for whoever sent it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PictureKind(StrEnum):
    """The kinds of pictures that every browser shows; the value is the media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"

    @property
    def extension(self) -> str:
        """Return the ending of file names."""
        return {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}[self.value]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture without anything else in its file."""

    kind: PictureKind
    width_px: int
    height_px: int
    data: bytes


def clean_picture(data: bytes) -> Picture:
    """Read a picture's size and copy what draws it; raises PictureRejected. Cleaning twice changes nothing."""
    try:
        if data.startswith(PNG_SIGNATURE):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:
        raise PictureRejected("The picture ends too early.") from error
    raise PictureRejected("This is neither a JPEG, a PNG nor a WebP picture.")


def _sized(kind: PictureKind, size_px: tuple[int, int], data: bytes) -> Picture:
    if min(size_px) < 1:
        raise PictureRejected("The picture has no area.")
    return Picture(kind, *size_px, data)


def _png(data: bytes) -> Picture:
    kept = [PNG_SIGNATURE]
    size_px = (0, 0)
    position = len(PNG_SIGNATURE)
    for number in range(MAX_PARTS):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[position + 4 : end - 4]) != checksum:
            raise PictureRejected("The PNG picture is damaged.")
        if (number == 0) != (name == b"IHDR"):
            raise PictureRejected("The PNG picture is not well formed.")
        if name == b"IHDR":
            size_px = struct.unpack_from(">II", data, position + 8)
        if name in PNG_KEPT:
            kept.append(data[position:end])
        if name == b"IEND":
            return _sized(PictureKind.PNG, size_px, b"".join(kept))
        position = end
    raise PictureRejected("The PNG picture has too many parts.")


def _jpeg(data: bytes) -> Picture:
    kept = [b"\xff\xd8"]
    size_px = (0, 0)
    for marker, start, end in _jpeg_segments(data):
        segment = data[start:end]
        if marker in _FRAMES:
            height_px, width_px = struct.unpack_from(">HH", segment, 5)
            size_px = (width_px, height_px)
        if marker == _COM or marker in _APP:
            if any(marker == app and segment[4:].startswith(name) for app, name in _APP_KEPT):
                kept.append(segment)
            continue
        kept.append(segment)
    return _sized(PictureKind.JPEG, size_px, b"".join(kept))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of what follows SOI, to EOI; a scan's coded data belongs to its SOS."""
    position = 2
    for _ in range(MAX_PARTS):
        if data[position] != 0xFF:
            raise PictureRejected("The JPEG picture is damaged.")
        while data[position + 1] == 0xFF:
            position += 1
        marker = data[position + 1]
        if marker == _EOI:
            yield marker, position, position + 2
            return
        if marker in (0, _SOI, _TEM) or marker in _RESTARTS:
            raise PictureRejected("The JPEG picture is not well formed.")
        (length,) = struct.unpack_from(">H", data, position + 2)
        end = position + 2 + length
        if length < 2 or end > len(data):
            raise PictureRejected("The picture ends too early.")
        if marker == _SOS:
            end = _end_of_scan(data, end)
        yield marker, position, end
        position = end
    raise PictureRejected("The JPEG picture has too many parts.")


def _end_of_scan(data: bytes, position: int) -> int:
    """Return where the next marker is; a stuffed zero and restarts belong to the coded data (T.81 B.1.1.5)."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0:
            raise PictureRejected("The picture ends too early.")
        following = data[position + 1]
        if following == 0xFF:
            position += 1
        elif following == 0 or following in _RESTARTS:
            position += 2
        else:
            return position


def _webp(data: bytes) -> Picture:
    (riff_bytes,) = struct.unpack_from("<I", data, 4)
    end = min(8 + riff_bytes, len(data))
    kept: list[bytes] = []
    size_px: tuple[int, int] | None = None
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > end:
            break
        name, length = struct.unpack_from("<4sI", data, position)
        content = data[position + 8 : position + 8 + length]
        if len(content) < length:
            raise PictureRejected("The picture ends too early.")
        if name == b"ANMF":
            raise PictureRejected("An animated picture cannot be used here.")
        if name in WEBP_KEPT:
            size_px = size_px or _webp_size(name, content)
            # The flags of what is left behind go, too.
            plain = bytes([content[0] & (WEBP_HAS_ICC | WEBP_HAS_ALPHA)]) + content[1:] if name == b"VP8X" else content
            kept.append(struct.pack("<4sI", name, length) + plain + b"\x00" * (length % 2))
        position += 8 + length + length % 2
    body = b"WEBP" + b"".join(kept)
    return _sized(PictureKind.WEBP, size_px or (0, 0), b"RIFF" + struct.pack("<I", len(body)) + body)


def _webp_size(name: bytes, content: bytes) -> tuple[int, int] | None:
    """Return the size of the canvas or of the picture (RFC 9649 2.7.1, RFC 6386 9.1, RFC 9649 3.4)."""
    if name == b"VP8X":
        return int.from_bytes(content[4:7], "little") + 1, int.from_bytes(content[7:10], "little") + 1
    if name == b"VP8 ":
        width_px, height_px = struct.unpack_from("<HH", content, 6)
        return width_px & 0x3FFF, height_px & 0x3FFF
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None
