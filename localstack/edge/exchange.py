"""One request and its answer over ASGI: reading the body, sending the answer, noticing that the viewer left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from edge.answers import Answer
from edge.headers import encoded
from edge.origin_client import OriginFailed
from edge.recording import BodyBroken

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending ended."""

    sent_bytes: int = 0
    is_viewer_gone: bool = False
    error: str = ""


class ViewerLeft(Exception):
    """The viewer closed the connection while sending their body."""


class Exchange:
    """One request and its answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._sent_bytes = 0
        self._is_started = False

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the request's body as it comes. Raises ViewerLeft."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ViewerLeft
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                return

    async def respond(self, answer: Answer) -> Outcome:
        """Send an answer.

        When its body breaks off, so does the connection: nobody takes a part for the whole.
        """
        if self._is_started:
            # An answer is on its way already: all that can be done is not to complete it.
            answer.release()
            return Outcome(self._sent_bytes, error=answer.error)
        self._is_started = True
        try:
            await self._send(
                {"type": "http.response.start", "status": answer.status, "headers": encoded(answer.headers)}
            )
            if answer.blocks is not None:
                async for block in answer.blocks:
                    if block:
                        # Waits while the viewer's connection is full: a slow viewer reads no further ahead.
                        await self._send({"type": "http.response.body", "body": block, "more_body": True})
                        self._sent_bytes += len(block)
            await self._send({"type": "http.response.body", "body": b""})
        except (OriginFailed, BodyBroken) as error:
            return Outcome(self._sent_bytes, error=f"the body broke off: {error}")
        finally:
            answer.release()
        return Outcome(self._sent_bytes)

    @contextlib.asynccontextmanager
    async def cancelled_when_gone(self) -> AsyncIterator[None]:
        """Cancel the block when the viewer leaves: it then raises ViewerLeft."""
        task = asyncio.current_task()
        assert task is not None
        watcher = asyncio.create_task(self._cancel_when_gone(task))
        try:
            yield
        except asyncio.CancelledError:
            if not watcher.done():
                raise
            task.uncancel()
            raise ViewerLeft from None
        finally:
            watcher.cancel()

    @property
    def sent_bytes(self) -> int:
        """How much of the body has been sent."""
        return self._sent_bytes

    async def _cancel_when_gone(self, task: "asyncio.Task[Any]") -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        task.cancel()
