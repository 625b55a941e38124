"""Store media on S3: side by side, again and again until it is there, and never more in memory than allowed."""

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

__all__ = ["PutObject", "UploadFailed", "Uploader"]

logger = logging.getLogger(__name__)

# Stores bytes under a key, or raises an error of botocore.
PutObject = Callable[[str, bytes], None]

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
# Storage that fails for longer is gone; the stream ends, and what is stored stays.
GIVE_UP_AFTER_S: Final = 120.0
# Bytes on their way of one stream; half a minute of a high bitrate.
BACKLOG_BYTES: Final = 48 << 20


class UploadFailed(Exception):
    """Say that storage did not take an object for two minutes."""


class Uploader:
    """Store the objects of one stream."""

    def __init__(self, put: PutObject, threads: Executor, *, backlog_bytes: int = BACKLOG_BYTES) -> None:
        self._put = put
        self._threads = threads
        self._limit_bytes = backlog_bytes
        self._has_room = asyncio.Event()
        self._has_room.set()
        self.backlog_bytes = 0
        self.retries = 0

    @property
    def fill(self) -> float:
        """Return how full the backlog is; 1 and more hold the stream up."""
        return self.backlog_bytes / self._limit_bytes

    def begin(self, key: str, data: bytes) -> "asyncio.Task[None]":
        """Begin to store an object; the task ends when it is there, or with UploadFailed."""
        self.backlog_bytes += len(data)
        if self.fill >= 1:
            self._has_room.clear()
        return asyncio.create_task(self._store(key, data))

    async def room(self) -> None:
        """Wait until the backlog has room."""
        await self._has_room.wait()

    async def _store(self, key: str, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + GIVE_UP_AFTER_S
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                try:
                    await loop.run_in_executor(self._threads, self._put, key, data)
                    return
                except (ClientError, BotoCoreError) as error:
                    if loop.time() > deadline_s:
                        raise UploadFailed(key) from error
                    self.retries += 1
                    logger.warning("storage failed and is tried again", extra={"key": key, "reason": str(error)})
                # Random, so that all that failed together does not come together again.
                await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        finally:
            self.backlog_bytes -= len(data)
            if self.fill < 1:
                self._has_room.set()
