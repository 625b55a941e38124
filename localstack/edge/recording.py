"""A body that is written once, as it comes from the origin, and read by many, each at its own pace."""

import asyncio
import os
import tempfile
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

_READ_BYTES = 256 * 1024


class BodyBroken(Exception):
    """The origin stopped in the middle of the body."""


class Recording:
    """A growing body: small ones stay in memory, larger ones move to a nameless file.

    The writer never waits for a reader, and a reader holds no more than one block, so a slow viewer neither stalls the
    others nor costs memory. File reads and writes happen on the event loop: they are short, and served from the page
    cache. The file has no name, so that nothing is left behind however the process ends.
    """

    def __init__(self, directory: Path, memory_bytes: int, length: int | None = None) -> None:
        self.length = length
        self.size = 0
        self.is_complete = False
        self._directory = directory
        self._memory_bytes = memory_bytes
        self._memory: bytearray | None = bytearray()
        self._file: int | None = None
        self._error: BodyBroken | None = None
        self._grown = asyncio.Event()
        if length is not None and length > memory_bytes:
            self._spill()

    @property
    def is_on_disk(self) -> bool:
        """Tell whether the body is in a file."""
        return self._file is not None

    @property
    def is_broken(self) -> bool:
        """Tell whether the origin failed before the end."""
        return self._error is not None

    def write(self, block: bytes) -> None:
        """Append a block and wake the readers."""
        if self._memory is not None and self.size + len(block) > self._memory_bytes:
            self._spill()
        if self._memory is not None:
            self._memory += block
        else:
            self._write_to_file(block)
        self.size += len(block)
        self._wake()

    def finish(self) -> None:
        """Say that the body is whole."""
        self.length = self.size
        self.is_complete = True
        self._wake()

    def fail(self, reason: str) -> None:
        """Say that no more will come: readers raise when they get there."""
        self._error = BodyBroken(reason)
        self._wake()

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to `end` (exclusive; None: all), waiting for those still to come.

        Raises BodyBroken.
        """
        position = start
        while end is None or position < end:
            available = self.size if end is None else min(self.size, end)
            if position < available:
                block = self._block(position, min(available - position, _READ_BYTES))
                position += len(block)
                yield block
            elif self._error:
                raise self._error
            elif self.is_complete:
                return
            else:
                await self._grown.wait()

    def _block(self, position: int, size: int) -> bytes:
        if self._memory is not None:
            return bytes(self._memory[position : position + size])
        assert self._file is not None
        return os.pread(self._file, size, position)

    def _spill(self) -> None:
        self._file, name = tempfile.mkstemp(dir=self._directory)
        Path(name).unlink()
        # Readers may outlive the cache's own reference: the last one to go closes the file.
        weakref.finalize(self, os.close, self._file)
        if self._memory:
            self._write_to_file(self._memory)
        self._memory = None

    def _write_to_file(self, block: bytes | bytearray) -> None:
        assert self._file is not None
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
