"""Run the ingest: `python -m rtmp_ingest`. SIGTERM drains it."""

import asyncio
import logging
import resource
import signal
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import uvloop

from millrace.live.edge import store
from millrace.live.edge.model import Edge
from millrace.platform import clients
from millrace.platform.ids import LiveSessionId
from millrace.platform.process import tool
from rtmp_ingest.api_client import ApiClient
from rtmp_ingest.health_endpoint import HealthEndpoint
from rtmp_ingest.ingest import Ingest, Tools
from rtmp_ingest.logs import set_up_logs
from rtmp_ingest.protection import Protection
from rtmp_ingest.rtmp.server import RtmpServer, ServerSettings, serve
from rtmp_ingest.settings import Settings, read_settings
from rtmp_ingest.storage import Storage

logger = logging.getLogger("rtmp_ingest")

STORAGE_THREADS = 32
TABLE_THREADS = 32


class _Table:
    """The table of the live edge, as streams use it."""

    put_period = staticmethod(store.put_period)
    put_edge = staticmethod(store.put_edge)
    put_segment = staticmethod(store.put_segment)

    def edges_of(self, session_id: LiveSessionId) -> Mapping[str, Edge]:
        """Return what is shown of each track."""
        return store.shown(session_id).edges


async def run(settings: Settings) -> None:
    """Serve until the process is asked to end, then let publishers finish."""
    with ThreadPoolExecutor(STORAGE_THREADS) as storage_threads, ThreadPoolExecutor(TABLE_THREADS) as table_threads:
        api = ApiClient(settings.api_url, settings.api_secret, settings.ingest_id)
        ingest = Ingest(
            Tools(
                api=api,
                put=Storage(clients.live_s3(), settings.media_bucket).put,
                table=_Table(),
                storage_threads=storage_threads,
                table_threads=table_threads,
                ffmpeg=settings.ffmpeg,
                ladder=settings.ladder,
            )
        )
        server = await serve(_server_settings(settings), ingest.on_publish)
        endpoint = HealthEndpoint(lambda: _facts(server, ingest))
        health_port = await endpoint.start(settings.host, settings.health_port)
        logger.info(
            "listening", extra={"rtmp_port": server.port, "rtmps_port": server.rtmps_port, "health_port": health_port}
        )
        protection = Protection(settings.agent_url, lambda: ingest.stream_count)
        protecting = asyncio.create_task(protection.run()) if settings.agent_url else None
        await _asked_to_end()
        if protecting is not None:
            protecting.cancel()
        endpoint.is_draining = True
        await server.drain(settings.drain_s)
        await endpoint.stop()
        await api.close()
    logger.info("stopped")


def _facts(server: RtmpServer, ingest: Ingest) -> Mapping[str, object]:
    return {
        "rtmp_port": server.port,
        "rtmps_port": server.rtmps_port,
        "connections": server.connection_count,
        "streams": ingest.stream_count,
        "peak_memory_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def _server_settings(settings: Settings) -> ServerSettings:
    tls = None
    if settings.certificate_file:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(settings.certificate_file, settings.private_key_file or None)
    return ServerSettings(host=settings.host, port=settings.rtmp_port, rtmps_port=settings.rtmps_port, tls=tls)


async def _asked_to_end() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()


def main() -> None:
    """Run the ingest with the settings of the environment."""
    set_up_logs()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(read_settings(tool("ffmpeg"))))


if __name__ == "__main__":
    main()
