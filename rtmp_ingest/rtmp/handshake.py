"""The greeting of RTMP 1.0 (clause 5.2): both sides send 1536 bytes and echo the other's."""

import secrets
from typing import Final

from rtmp_ingest.rtmp.errors import ProtocolError

__all__ = ["GREETING_BYTES", "VERSION", "Handshake"]

VERSION: Final = 3
GREETING_BYTES: Final = 1536


class Handshake:
    """The server's half: `feed` returns what to answer; done when `rest` is not None."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._has_answered = False
        self.rest: bytes | None = None

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the publisher; raises ProtocolError when it speaks something else."""
        self._buffer += data
        if not self._has_answered:
            if self._buffer and self._buffer[0] != VERSION:
                raise ProtocolError(f"no RTMP: the first byte is {self._buffer[0]}, not {VERSION}")
            if len(self._buffer) <= GREETING_BYTES:
                return b""
            theirs = bytes(self._buffer[1 : 1 + GREETING_BYTES])
            del self._buffer[: 1 + GREETING_BYTES]
            self._has_answered = True
            self._finish()
            # Time and version zero: no digest, which only players of Flash asked for.
            return bytes((VERSION,)) + bytes(8) + secrets.token_bytes(GREETING_BYTES - 8) + theirs
        self._finish()
        return b""

    def _finish(self) -> None:
        # Their echo is not compared: encoders exist that send something else, and it proves nothing.
        if len(self._buffer) >= GREETING_BYTES:
            self.rest = bytes(self._buffer[GREETING_BYTES:])
            self._buffer.clear()
