"""A connection's bytes: read when asked, never more in hand than a little.

asyncio's own streams do the same for any protocol; these cost half as much, because nothing is copied twice and
all connections of a server receive into one buffer.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, cast

__all__ = ["RECEIVE_BYTES", "Wire"]

RECEIVE_BYTES: Final = 64 << 10
# More than this waits in the kernel, and then with the publisher.
_MOST_WAITING_BYTES: Final = 128 << 10


class Wire(asyncio.BufferedProtocol):
    """One connection; `on_open` is called when it is there."""

    def __init__(self, received: bytearray, on_open: "Callable[[Wire], None]") -> None:
        # Shared by all: what arrives is taken out of it before anything else is received.
        self._received = memoryview(received)
        self._on_open = on_open
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._is_paused = False
        self._has_ended = False
        self._reader: asyncio.Future[None] | None = None
        self._closed = asyncio.get_running_loop().create_future()

    @property
    def transport(self) -> asyncio.Transport:
        """Return the transport; there is one from `on_open` on."""
        if self._transport is None:
            raise ConnectionError("not connected yet")
        return self._transport

    async def read(self) -> bytes:
        """Return what has arrived; nothing at the end. One reader at a time."""
        if not self._waiting and not self._has_ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if self._is_paused and not self._has_ended:
            self._is_paused = False
            self.transport.resume_reading()
        return waiting[0] if len(waiting) == 1 else b"".join(waiting)

    def write(self, data: bytes) -> None:
        """Send; what the other side does not take stays in hand, see `unsent_bytes`."""
        if data and not self.transport.is_closing():
            self.transport.write(data)

    @property
    def unsent_bytes(self) -> int:
        """Return how much the other side did not take yet."""
        return 0 if self._closed.done() else self.transport.get_write_buffer_size()

    def information(self, name: str) -> Any:
        """Return what the transport knows: "peername", "ssl_object"."""
        return self.transport.get_extra_info(name)

    def finish_writing(self) -> None:
        """Say that nothing more is sent, where the transport can; reading goes on."""
        if not self.transport.is_closing() and self.transport.can_write_eof():
            # The other side may be gone, and nobody has noticed yet.
            with contextlib.suppress(OSError):
                self.transport.write_eof()

    def abort(self) -> None:
        """Cut the connection off."""
        self.transport.abort()

    async def close(self) -> None:
        """Close and wait until it is closed; what nobody took is thrown away."""
        if self.unsent_bytes:
            self.transport.abort()
        else:
            self.transport.close()
        await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._on_open(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; a loss by error is an end as well."""
        self._end()
        if not self._closed.done():
            self._closed.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give the place to receive into."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was received."""
        self._waiting.append(bytes(self._received[:nbytes]))
        self._waiting_bytes += nbytes
        if self._waiting_bytes >= _MOST_WAITING_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Go on sending: the last answer may still be on its way. TLS cannot, and closes."""
        self._end()
        return self.information("ssl_object") is None

    def _end(self) -> None:
        self._has_ended = True
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
