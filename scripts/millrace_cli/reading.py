"""Read streams that are checked: from a folder or over HTTP."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from millrace.media.hls import ByteRange
from millrace.media.validate import Unreadable

# A segment or a playlist is far smaller; whoever sends more wants to fill our memory.
MAX_BYTES = 256 << 20
_TIMEOUT_S = 30


class Folder:
    """Read files below a folder, and nothing else."""

    def __init__(self, root: Path) -> None:
        """Take the folder; locations are paths below it."""
        self._root = root.resolve()

    def read(self, location: str, byte_range: ByteRange | None = None) -> bytes:
        """Return the bytes; raises Unreadable."""
        parts = urlsplit(location)
        path = (self._root / unquote(parts.path)).resolve()
        if parts.scheme or parts.netloc or not path.is_relative_to(self._root):
            raise Unreadable(f"{location} lies outside of the folder")
        try:
            with path.open("rb") as file:
                if byte_range is None:
                    return file.read(MAX_BYTES)
                file.seek(byte_range.offset)
                return _whole(location, file.read(min(byte_range.length, MAX_BYTES)), byte_range)
        except OSError as error:
            raise Unreadable(f"{location}: {error.strerror}") from error


class Web:
    """Read over HTTP."""

    def __init__(self, client: httpx.Client) -> None:
        """Take the client; its headers and cookies go along."""
        self._client = client

    def read(self, location: str, byte_range: ByteRange | None = None) -> bytes:
        """Return the bytes; raises Unreadable."""
        status, data = self.fetch(location, byte_range)
        if status not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise Unreadable(f"status {status}")
        if byte_range is not None and status == httpx.codes.OK:
            data = data[byte_range.offset : byte_range.end]
        return data if byte_range is None else _whole(location, data, byte_range)

    def fetch(self, location: str, byte_range: ByteRange | None = None) -> tuple[int, bytes]:
        """Return status and body; raises Unreadable where there is no answer."""
        headers = {"Range": f"bytes={byte_range.offset}-{byte_range.end - 1}"} if byte_range else {}
        try:
            with self._client.stream("GET", location, headers=headers, timeout=_TIMEOUT_S) as answer:
                data = bytearray()
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > MAX_BYTES:
                        raise Unreadable(f"more than {MAX_BYTES >> 20} MB")
                return answer.status_code, bytes(data)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreadable(str(error) or type(error).__name__) from error


def _whole(location: str, data: bytes, byte_range: ByteRange) -> bytes:
    if len(data) != byte_range.length:
        raise Unreadable(f"{location} ends before byte {byte_range.end}")
    return data
