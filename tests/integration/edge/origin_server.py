"""An origin that does as a test tells it: counts requests, holds them back, breaks off."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Page:
    """What the origin answers for a path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    # Blocks are sent one by one; before each of them the gate must be open.
    blocks: tuple[bytes, ...] = ()
    gate: threading.Event | None = None
    head_gate: threading.Event | None = None
    breaks_off: bool = False
    knows_etag: str = ""


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class OriginServer:
    """Runs in a thread of its own."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.seen: list[Seen] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> "OriginServer":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def stop(self) -> None:
        """Close the server and its connections; it can be started again on its port."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)

    def resume(self) -> None:
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def end(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def asked(self, path: str) -> list[Seen]:
        """Return the requests for a path."""
        return [seen for seen in self.seen if seen.target.partition("?")[0] == path]

    async def _listen(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, request.raw_path, headers, body))
        page = self.pages.get(request.raw_path.partition("?")[0])
        if page is None:
            return web.Response(status=404, text="no such page")
        await _open(page.head_gate)
        if page.knows_etag and headers.get("if-none-match") == page.knows_etag:
            return web.Response(status=304, headers={"ETag": page.knows_etag, **page.headers})
        if not page.blocks:
            return web.Response(status=page.status, headers=dict(page.headers), body=page.body)
        return await self._stream(request, page)

    async def _stream(self, request: web.Request, page: Page) -> web.StreamResponse:
        response = web.StreamResponse(status=page.status, headers=dict(page.headers))
        await response.prepare(request)
        for block in page.blocks:
            await _open(page.gate)
            await response.write(block)
        if page.breaks_off:
            assert request.transport
            request.transport.abort()
            return response
        await response.write_eof()
        return response


async def _open(gate: threading.Event | None) -> None:
    if gate:
        await asyncio.to_thread(gate.wait, 15)
