"""Listen for publishers: RTMP, and RTMPS where there is a certificate."""

import asyncio
import logging
import ssl
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from rtmp_ingest.rtmp.connection import Connection
from rtmp_ingest.rtmp.conversation import Conversation
from rtmp_ingest.rtmp.enhanced import Codecs
from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.publishing import OnPublish, Publisher, Refusal, Sink
from rtmp_ingest.rtmp.wire import RECEIVE_BYTES, Wire

__all__ = ["RtmpServer", "ServerSettings", "load_metric", "serve"]

_CHECK_EVERY_S: Final = 1.0
_REPORT_EVERY_S: Final = 60.0
_BACKLOG: Final = 256
_FULL: Final = Refusal("This server has no room for another stream. Try again in a moment.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where to listen and what to allow; port 0 takes any free one. `tls` opens the RTMPS port as well."""

    host: str = "127.0.0.1"
    port: int = 1935
    rtmps_port: int = 0
    tls: ssl.SSLContext | None = None
    limits: Limits = field(default_factory=Limits)
    codecs: Codecs = field(default_factory=Codecs)


class RtmpServer:
    """A server that listens; made by `serve`."""

    def __init__(self, settings: ServerSettings, on_publish: OnPublish) -> None:
        self._settings = settings
        self._on_publish = on_publish
        self._listeners: list[asyncio.Server] = []
        self._connections: dict[Connection, asyncio.Task[object]] = {}
        self._addresses: Counter[str] = Counter()
        self._received = bytearray(RECEIVE_BYTES)
        self._watch: asyncio.Task[None] | None = None
        self.port = 0
        self.rtmps_port: int | None = None

    @property
    def connection_count(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    @property
    def publisher_count(self) -> int:
        """Return how many of them publish."""
        return sum(connection.is_publishing for connection in self._connections)

    async def start(self) -> None:
        """Listen; raises OSError when a port is taken."""
        self.port = await self._listen(self._settings.port, None)
        if self._settings.tls is not None:
            self.rtmps_port = await self._listen(self._settings.rtmps_port, self._settings.tls)
        self._watch = asyncio.create_task(self._check_all())

    async def drain(self, within_s: float) -> None:
        """Take no new connections, ask encoders that can to go elsewhere, and stop when all have or time is up."""
        for listener in self._listeners:
            listener.close()
        asked = sum(connection.ask_to_reconnect() for connection in self._connections)
        logger.info("draining", extra={"publishers": self.publisher_count, "asked_to_reconnect": asked})
        for connection in self._connections:
            if not connection.is_publishing:
                connection.stop()
        tasks = list(self._connections.values())
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
        await self.stop()

    async def stop(self) -> None:
        """Stop at once: every publisher is told, every sink closed."""
        for listener in self._listeners:
            listener.close()
        if self._watch is not None:
            self._watch.cancel()
        tasks = list(self._connections.values())
        for connection in list(self._connections):
            connection.stop()
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=self._settings.limits.closing_s)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)
        for listener in self._listeners:
            await listener.wait_closed()

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> int:
        limits = self._settings.limits
        listener = await asyncio.get_running_loop().create_server(
            lambda: Wire(self._received, self._open),
            self._settings.host,
            port,
            backlog=_BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=limits.handshake_s if tls else None,
            ssl_shutdown_timeout=limits.farewell_s if tls else None,
        )
        self._listeners.append(listener)
        return int(listener.sockets[0].getsockname()[1])

    def _open(self, wire: Wire) -> None:
        limits = self._settings.limits
        address = str((wire.information("peername") or ("",))[0])
        if len(self._connections) >= limits.connections or self._addresses[address] >= limits.connections_per_address:
            logger.warning("too many connections", extra={"address": address, "connections": self.connection_count})
            wire.abort()
            return
        conversation = Conversation(limits, self._settings.codecs)
        connection = Connection(wire, conversation, limits, self._admit)
        self._addresses[address] += 1
        self._connections[connection] = asyncio.create_task(self._serve(connection, address))

    async def _admit(self, publisher: Publisher) -> Sink | Refusal:
        """Ask for leave where there is room."""
        if sum(connection.wants_to_publish for connection in self._connections) > self._settings.limits.publishers:
            logger.warning("too many publishers", extra={"publishers": self.publisher_count})
            return _FULL
        return await self._on_publish(publisher)

    async def _serve(self, connection: Connection, address: str) -> None:
        try:
            await connection.run()
        except Exception:
            logger.exception("a connection failed", extra={"address": address})
        finally:
            del self._connections[connection]
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    async def _check_all(self) -> None:
        reported = 0.0
        while True:
            await asyncio.sleep(_CHECK_EVERY_S)
            now = time.monotonic()
            for connection in list(self._connections):
                connection.check(now)
            if now - reported >= _REPORT_EVERY_S:
                reported = now
                logger.info("load", extra=load_metric(self.publisher_count, int(time.time() * 1000)))


def load_metric(publishers: int, at_ms: int) -> dict[str, object]:
    """Return what makes a log line a metric of CloudWatch (embedded metric format); the service scales by it."""
    metric = {
        "Namespace": "Millrace",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "StreamsPerIngest", "Unit": "Count"}],
    }
    about = {"Timestamp": at_ms, "CloudWatchMetrics": [metric]}
    return {"_aws": about, "service": "rtmp_ingest", "StreamsPerIngest": publishers}


async def serve(settings: ServerSettings, on_publish: OnPublish) -> RtmpServer:
    """Start a server; its `port` says where it listens."""
    server = RtmpServer(settings, on_publish)
    await server.start()
    return server
