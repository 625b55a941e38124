"""Look at the first bytes of a file, before any demuxer may."""

import re
from typing import Final

from millrace.media.refusal import RefusalCode, SourceRejected

# Enough for a byte order mark, an XML declaration and a comment or two before what tells.
HEAD_BYTES: Final = 4096

_TEXTS: Final = (
    (re.compile(rb"#EXTM3U"), "an HLS playlist"),
    (re.compile(rb"ffconcat\s+version"), "an ffconcat script"),
    (re.compile(rb"(<\?xml|<!--).*<(\w+:)?MPD[\s>]|<(\w+:)?MPD[\s>]", re.DOTALL), "a DASH manifest"),
    (re.compile(rb"(<\?xml|<!--).*<(\w+:)?smil[\s>]|<(\w+:)?smil[\s>]", re.DOTALL | re.IGNORECASE), "a SMIL playlist"),
    (re.compile(rb"v=0\r?\n[a-z]="), "a session description (SDP)"),
    (re.compile(rb"\[playlist\]", re.IGNORECASE), "a playlist"),
    (re.compile(rb"file\s+['\"]?\S"), "a list of files"),
)
_DOCUMENTS: Final = (
    (re.compile(rb"((<\?xml|<!--|<!DOCTYPE).*)?<(\w+:)?svg[\s>]", re.DOTALL | re.IGNORECASE), "an SVG drawing"),
    (re.compile(rb"<!DOCTYPE\s+html|<html[\s>]|<head[\s>]|<script[\s>]", re.IGNORECASE), "a web page"),
    (re.compile(rb"<\?xml"), "an XML document"),
    (re.compile(rb"%PDF-"), "a PDF document"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive"),
    (re.compile(rb"#!"), "a script"),
)
_IMAGES: Final = (
    re.compile(rb"\x89PNG\r\n"),
    re.compile(rb"\xff\xd8\xff"),
    re.compile(rb"GIF8[79]a"),
    re.compile(rb"RIFF....WEBP", re.DOTALL),
    re.compile(rb"BM....\x00\x00\x00\x00", re.DOTALL),
    re.compile(rb"(II\*\x00|MM\x00\*)"),
    re.compile(rb"....ftyp(heic|heix|avif|mif1)", re.DOTALL),
)
_SOUNDS: Final = (
    re.compile(rb"ID3[\x02-\x04]"),
    re.compile(rb"\xff[\xfb\xfa\xf3\xf2\xf1\xf9]"),
    re.compile(rb"fLaC"),
    re.compile(rb"RIFF....WAVE", re.DOTALL),
)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def sniff(head: bytes, size_bytes: int) -> None:
    """Raise SourceRejected if a file's first HEAD_BYTES show that it is no video file.

    Files that name other files or URLs are refused here by name, and again by the demuxer list.
    """
    if size_bytes == 0 or not head:
        raise SourceRejected(RefusalCode.EMPTY_FILE, "The file is empty.")
    if any(image.match(head) for image in _IMAGES):
        raise SourceRejected(RefusalCode.STILL_IMAGE, "This is a still image, not a video.")
    if any(sound.match(head) for sound in _SOUNDS):
        raise SourceRejected(RefusalCode.NO_VIDEO_STREAM, "The file holds sound but no video.")
    text = head.removeprefix(_BYTE_ORDER_MARK).lstrip()
    for pattern, name in _TEXTS:
        if pattern.match(text):
            raise SourceRejected(RefusalCode.PLAYLIST, f"This is {name}, not a video: upload the video file itself.")
    for pattern, name in _DOCUMENTS:
        if pattern.match(text):
            raise SourceRejected(RefusalCode.NOT_A_VIDEO, f"This is {name}, not a video.")
