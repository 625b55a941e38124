"""Check segments of captions."""

import re
from typing import Final

from millrace.media.validate import rules
from millrace.media.validate.findings import Findings

__all__ = ["check_captions"]

_TIMES: Final = re.compile(
    r"(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}[ \t]+-->[ \t]+(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}(?:[ \t].*)?"
)


def check_captions(place: str, data: bytes, found: Findings, *, is_segment: bool = True) -> None:
    """Check a WebVTT file; a segment of HLS also says how its times map to the media."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", rows[0]):
        found.add(rules.VTT_SIGNATURE, place, "The first line is not WEBVTT.", line=1)
        return
    for number, row in enumerate(rows, start=1):
        if "-->" in row and not _TIMES.fullmatch(row.strip()):
            found.add(rules.VTT_TIMES, place, f"{row.strip()[:60]!r} is no pair of times.", line=number)
    if is_segment and not any(row.startswith("X-TIMESTAMP-MAP=") for row in rows):
        found.add(rules.VTT_MAP, place, "There is no X-TIMESTAMP-MAP.")
