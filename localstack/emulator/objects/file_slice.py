"""A stretch of a file that is read when it is sent, as little of it as the client takes."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import FileIO
from typing import Any

_SENT_AT_ONCE_BYTES = 256 << 10

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class FileSlice:
    """The bytes of an open file from ``start``; sliced again without being read.

    An object that is replaced or deleted meanwhile is still read as it was, since its file is open.
    """

    file: FileIO
    start: int
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, wanted: slice) -> "FileSlice":
        start, stop, _ = wanted.indices(self.length)
        return FileSlice(self.file, self.start + start, max(0, stop - start))

    def read(self) -> bytes:
        """Return all of it."""
        return os.pread(self.file.fileno(), self.length, self.start)

    async def send(self, send: Send, receive: Receive) -> None:
        """Send it as the body of an ASGI response, until the client has gone."""
        gone = asyncio.create_task(_until_disconnected(receive))
        try:
            sent = 0
            while sent < self.length and not gone.done():
                count = min(_SENT_AT_ONCE_BYTES, self.length - sent)
                piece = os.pread(self.file.fileno(), count, self.start + sent)
                if not piece:
                    return
                sent += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": sent < self.length})
                # A fast client would keep the loop from everyone else.
                await asyncio.sleep(0)
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
