"""A second way to the same platform, as slow as AWS: what passes through it is delayed, and nothing else changed.

    python -m benchmarks.live_aws --endpoint http://127.0.0.1:4566

is the proxy itself: it stands between the ingest and the edge on one side and the emulator on the other. The delays are
an assumption, not a measurement of AWS: log-normal around the medians below, and 150 ms more once in a hundred times.
"""

import argparse
import asyncio
import random
from collections.abc import Mapping

import aiohttp
from aiohttp import web
from yarl import URL

# Medians in seconds. An answer of the API passes a gateway and a function, which reads the table twice.
PUT_S, GET_S, TABLE_S = 0.035, 0.022, 0.0055
API_S = 0.020 + 2 * TABLE_S
SPREAD = 0.35
RARE_SHARE, RARE_S = 0.01, 0.150
_MAX_BODY_BYTES = 64 << 20
# Of one hop only, or made anew by who sends.
_OWN_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


def median_s(method: str, path: str, headers: Mapping[str, str]) -> float:
    """Return what such a request takes on AWS beyond what it takes here."""
    if headers.get("X-Amz-Target", "").startswith("DynamoDB"):
        return TABLE_S
    if path.startswith("/_aws/execute-api/"):
        return API_S
    if "X-Amz-Target" in headers or path == "/":
        return 0.0
    return PUT_S if method == "PUT" else GET_S


def delay_s(median: float) -> float:
    """Draw a delay."""
    if not median:
        return 0.0
    return random.lognormvariate(0, SPREAD) * median + (RARE_S if random.random() < RARE_SHARE else 0)


class Proxy:
    """Passes requests on, and answers a little later."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session: aiohttp.ClientSession | None = None

    async def open(self, _: web.Application) -> None:
        """Open the connections to the emulator."""
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            # Shorter than the emulator's own patience with idle connections.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=2),
            timeout=aiohttp.ClientTimeout(total=60),
        )

    async def close(self, _: web.Application) -> None:
        """Close them."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, request: web.Request) -> web.Response:
        """Pass a request on."""
        assert self._session is not None
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS]
        body = await request.read()
        url = URL(self._endpoint + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as reply:
            received = await reply.read()
        await asyncio.sleep(delay_s(median_s(request.method, request.path, request.headers)))
        kept = [(name, value) for name, value in reply.headers.items() if name.lower() not in _OWN_HEADERS]
        answer = web.Response(status=reply.status, body=received)
        answer.headers.clear()
        for name, value in kept:
            answer.headers.add(name, value)
        return answer


async def _run(endpoint: str) -> None:
    proxy = Proxy(endpoint)
    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.on_startup.append(proxy.open)
    app.on_cleanup.append(proxy.close)
    app.router.add_route("*", "/{path:.*}", proxy.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Run until it is ended; the port is the first line of its output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True, help="the emulator")
    asyncio.run(_run(parser.parse_args().endpoint.rstrip("/")))


if __name__ == "__main__":
    main()
