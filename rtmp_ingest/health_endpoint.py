"""Answer load balancers and supervisors by HTTP: is this ingest at work, and how much of it."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["HealthEndpoint"]

_REQUEST_S: Final = 5.0
_MOST_REQUEST_BYTES: Final = 8192


class HealthEndpoint:
    """Serve `GET /health` and nothing else; 503 while the process drains, so that no new publishers are sent here."""

    def __init__(self, facts: Callable[[], Mapping[str, object]]) -> None:
        self.is_draining = False
        self._facts = facts
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._answer, host, port, limit=_MOST_REQUEST_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _REQUEST_S)
            status, body = self._response(head)
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await asyncio.wait_for(writer.drain(), _REQUEST_S)
        writer.close()

    def _response(self, head: bytes) -> tuple[str, bytes]:
        if not head.startswith(b"GET /health "):
            return "404 Not Found", b"{}"
        status = "503 Service Unavailable" if self.is_draining else "200 OK"
        return status, json.dumps({"is_draining": self.is_draining, **self._facts()}).encode()
