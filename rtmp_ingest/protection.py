"""Ask ECS not to take this task away while it has streams: by its agent's task protection endpoint.

A task that the service scales in, or that a deployment replaces, would else be stopped whatever it does. Protection
runs out by itself, so it is renewed while there are streams.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

import httpx

__all__ = ["Protection"]

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0
EXPIRES_MINUTES: Final = 60
RENEW_EVERY_S: Final = 900.0
# After the agent refused, or did not answer.
TRY_AGAIN_S: Final = 20.0
_TIMEOUT_S: Final = 5.0


class Protection:
    """Keep the task protected exactly while `stream_count` is above 0."""

    def __init__(self, agent_url: str, stream_count: Callable[[], int]) -> None:
        self._url = f"{agent_url}/task-protection/v1/state"
        self._stream_count = stream_count
        self._is_protected = False
        # What the agent refused last; until `_next_s` it is not asked for again.
        self._was_refused: bool | None = None
        self._next_s = 0.0

    async def run(self) -> None:
        """Look again and again, until this is cancelled."""
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
            while True:
                await self.look(client, time.monotonic())
                await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, client: httpx.AsyncClient, now_s: float) -> None:
        """Ask for what is wanted now, where that is something else than what was granted, or about to run out."""
        wanted = self._stream_count() > 0
        is_due = now_s >= self._next_s
        if wanted == self._is_protected and not (wanted and is_due):
            return
        if not is_due and wanted == self._was_refused:
            return
        body: dict[str, bool | int] = {"ProtectionEnabled": wanted}
        if wanted:
            body["ExpiresInMinutes"] = EXPIRES_MINUTES
        try:
            answer = await client.put(self._url, json=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            logger.warning("the task's protection could not be changed", extra={"reason": str(error), "wanted": wanted})
            self._next_s, self._was_refused = now_s + TRY_AGAIN_S, wanted
            return
        if wanted is not self._is_protected:
            logger.info("task protection", extra={"is_protected": wanted})
        self._is_protected, self._next_s, self._was_refused = wanted, now_s + RENEW_EVERY_S, None
