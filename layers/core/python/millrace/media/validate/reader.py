"""Where a check reads: anything that turns a location into bytes."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin

from millrace.media.hls import ByteRange

__all__ = ["Memory", "Reader", "Unreadable", "resolve"]


class Unreadable(Exception):
    """Say that there is nothing to read at a location."""


class Reader(Protocol):
    """Read files by location: a path below a folder, or a URL."""

    def read(self, location: str, byte_range: ByteRange | None = None) -> bytes:
        """Return the bytes; raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class Memory:
    """Read from values: what is about to be published can be checked before."""

    files: dict[str, bytes]

    def read(self, location: str, byte_range: ByteRange | None = None) -> bytes:
        """Return the bytes; raises Unreadable."""
        if location not in self.files:
            raise Unreadable(f"{location} is not there")
        data = self.files[location]
        if byte_range is None:
            return data
        if byte_range.end > len(data):
            raise Unreadable(f"{location} has {len(data)} bytes, not {byte_range.end}")
        return data[byte_range.offset : byte_range.end]


def resolve(location: str, uri: str) -> str:
    """Return where a URI in the file at `location` leads."""
    return urljoin(location, uri)
