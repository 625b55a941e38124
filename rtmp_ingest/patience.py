"""Ask again while a table or service does not answer: what passes by itself must not end a stream."""

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, ParamSpec, TypeVar

from millrace.platform.errors import Unavailable

__all__ = ["Patience"]

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0
GIVE_UP_AFTER_S: Final = 120.0


class Patience:
    """Run calls that block in threads, and repeat those that find nobody there."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self.retries = 0

    async def insist(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the call returns; raises Unavailable after two minutes, and every other error at once."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + GIVE_UP_AFTER_S
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return await loop.run_in_executor(self._threads, lambda: call(*args, **kwargs))
            except Unavailable:
                if loop.time() > deadline_s:
                    raise
                self.retries += 1
                logger.warning("nobody answers, asking again", extra={"call": call.__name__})
            await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
