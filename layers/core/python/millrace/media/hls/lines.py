"""The grammar below all playlists: lines, attribute lists and numbers (clauses 4.1 and 4.2)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from millrace.media.hls.values import ByteRange, PlaylistError

__all__ = [
    "Line",
    "attribute",
    "byte_range_text",
    "date_text",
    "decimal",
    "decimal_text",
    "integer",
    "is_yes",
    "lines",
    "parse_attributes",
    "parse_date",
    "parse_range",
    "quoted",
    "uri_line",
    "write_attributes",
]

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^",]*)(?:,|$)')
_RANGE: Final = re.compile(r"([0-9]{1,20})(?:@([0-9]{1,20}))?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{0,20})?")
_MICROSECOND: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold a tag and what follows its colon; the tag is empty where the line is a URI. Lines count from 1."""

    number: int
    tag: str
    value: str


def lines(text: str) -> Iterator[Line]:
    """Yield tags and URIs; comments and blank lines are skipped."""
    rows = text.splitlines()
    if not rows or rows[0].rstrip() != "#EXTM3U":
        raise PlaylistError("no #EXTM3U at the start")
    for number, row in enumerate(rows[1:], start=2):
        stripped = row.strip()
        if stripped.startswith("#EXT"):
            tag, _, value = stripped[1:].partition(":")
            yield Line(number, tag, value)
        elif stripped and not stripped.startswith("#"):
            yield Line(number, "", stripped)


def parse_attributes(text: str) -> dict[str, str]:
    """Parse an attribute list (4.2); quotes are removed."""
    attributes: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        if match is None or match[1] in attributes:
            raise PlaylistError(f"bad attribute list {text!r}")
        attributes[match[1]] = match[2].strip('"')
        position = match.end()
    return attributes


def attribute(attributes: Mapping[str, str], name: str) -> str:
    """Return an attribute that must be there."""
    if name not in attributes:
        raise PlaylistError(f"no attribute {name}")
    return attributes[name]


def is_yes(attributes: Mapping[str, str], name: str) -> bool:
    """Return whether an attribute says YES."""
    return attributes.get(name) == "YES"


def integer(text: str) -> int:
    """Parse a decimal integer."""
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise PlaylistError(f"{text!r} is no decimal integer")
    return int(text)


def decimal(text: str) -> Decimal:
    """Parse a decimal number, with a sign where one is allowed."""
    if not _NUMBER.fullmatch(text.strip()):
        raise PlaylistError(f"{text!r} is no number")
    try:
        return Decimal(text.strip())
    except InvalidOperation as error:
        raise PlaylistError(f"{text!r} is no number") from error


def parse_range(text: str, implied_offset: int | None = None) -> ByteRange:
    """Parse `length[@offset]`; without an offset a range goes on where the one before it ended."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise PlaylistError(f"{text!r} is no byte range")
    if match[2] is None and implied_offset is None:
        raise PlaylistError(f"byte range {text!r} follows nothing")
    return ByteRange(int(match[1]), int(match[2]) if match[2] is not None else implied_offset or 0)


def parse_date(text: str) -> datetime:
    """Parse a date with time and zone (4.4.4.6)."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise PlaylistError(f"{text!r} is no date") from error
    if date.tzinfo is None:
        raise PlaylistError(f"{text!r} has no time zone")
    try:
        return date.astimezone(UTC)
    except OverflowError as error:
        raise PlaylistError(f"{text!r} is no date") from error


def date_text(date: datetime) -> str:
    """Write a date in UTC, to the millisecond if that is exact."""
    if date.tzinfo is None:
        raise PlaylistError(f"{date} has no time zone")
    precision = "microseconds" if date.microsecond % 1000 else "milliseconds"
    return date.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def decimal_text(value: Decimal) -> str:
    """Write a number of seconds to the microsecond, without needless zeros."""
    text = f"{value.quantize(_MICROSECOND):f}"
    return text.rstrip("0").rstrip(".")


def byte_range_text(byte_range: ByteRange) -> str:
    """Write `length@offset`."""
    return f"{byte_range.length}@{byte_range.offset}"


def write_attributes(attributes: Mapping[str, str | None]) -> str:
    """Write an attribute list without those that are None."""
    return ",".join(f"{name}={value}" for name, value in attributes.items() if value is not None)


def quoted(text: str) -> str:
    """Put text in quotes."""
    if any(character in text for character in '"\r\n'):
        raise PlaylistError(f"{text!r} cannot stand in a quoted string")
    return f'"{text}"'


def uri_line(uri: str) -> str:
    """Return a URI that can stand on a line of its own."""
    if not uri or uri.startswith("#") or any(character.isspace() for character in uri):
        raise PlaylistError(f"{uri!r} cannot stand on a line of its own")
    return uri
