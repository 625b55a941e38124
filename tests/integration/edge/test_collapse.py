"""Many viewers, one origin request: also when some leave, lag, or the origin breaks."""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.integration.edge.conftest import Site
from tests.integration.edge.edge_process import EdgeProcess
from tests.integration.edge.origin_server import OriginServer, Page
from tests.integration.emulator.servers import eventually

MEGABYTE = 1024 * 1024


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


def _waiting(edge: EdgeProcess, site: Site, pattern: str, number: int) -> None:
    assert _requests(edge, site, pattern) >= number


def _requests(edge: EdgeProcess, site: Site, pattern: str) -> int:
    return int(edge.stats(site.distribution_id, pattern).get("requests", 0))


def test_two_hundred_viewers_of_a_cold_object_cost_one_origin_request(
    edge: EdgeProcess, site: Site, origin: OriginServer, gate: threading.Event
) -> None:
    body = bytes(range(256)) * 4096
    blocks = tuple(body[start : start + 65536] for start in range(0, len(body), 65536))
    headers = {"Content-Length": str(len(body)), "Cache-Control": "max-age=60"}
    origin.pages["/base/live/part"] = Page(blocks=blocks, headers=headers, head_gate=gate)
    before = _requests(edge, site, "/live/*")

    async def crowd() -> list[tuple[int, bytes, str]]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(edge.url, connector=connector, auto_decompress=False) as session:

            async def watch() -> tuple[int, bytes, str]:
                async with session.get("/live/part?msn=7", headers={"accept-encoding": "identity"}) as reply:
                    return reply.status, await reply.read(), reply.headers["x-cache"]

            viewers = [asyncio.create_task(watch()) for _ in range(200)]
            await asyncio.to_thread(eventually, lambda: _waiting(edge, site, "/live/*", before + 200))
            gate.set()
            return await asyncio.gather(*viewers)

    replies = asyncio.run(crowd())
    assert all((status, got) == (200, body) for status, got, _ in replies)
    assert len(origin.asked("/base/live/part")) == 1
    assert sum(result == "Miss from cloudfront" for *_, result in replies) == 1
    assert edge.stats(site.distribution_id, "/live/*")["collapsed"] >= 199


def test_what_has_come_is_shown_before_the_rest(edge: EdgeProcess, origin: OriginServer, gate: threading.Event) -> None:
    origin.pages["/base/live/slow"] = Page(
        blocks=(b"first", b"second"), headers={"Cache-Control": "max-age=60"}, gate=_AfterFirst(gate)
    )
    url = f"{edge.url}/live/slow"
    with httpx.stream("GET", url, timeout=10) as leader, httpx.stream("GET", url, timeout=10) as joiner:
        leading, joining = leader.iter_raw(), joiner.iter_raw()
        assert (next(leading), next(joining)) == (b"first", b"first")
        gate.set()
        assert (next(leading), next(joining)) == (b"second", b"second")
    assert len(origin.asked("/base/live/slow")) == 1


class _AfterFirst(threading.Event):
    """Open for the first block, then as the gate is."""

    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self._gate = gate
        self._passed = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self._passed:
            self._passed = True
            return True
        return self._gate.wait(timeout)


def test_a_viewer_who_leaves_does_not_take_the_others_along(
    edge: EdgeProcess, site: Site, origin: OriginServer, gate: threading.Event
) -> None:
    origin.pages["/base/live/leave"] = Page(b"stays", headers={"Cache-Control": "max-age=60"}, head_gate=gate)
    before = _requests(edge, site, "/live/*")
    leaving = socket.create_connection(("127.0.0.1", edge.port))
    leaving.sendall(b"GET /live/leave HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
    eventually(lambda: _waiting(edge, site, "/live/*", before + 1))
    replies: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: replies.append(httpx.get(f"{edge.url}/live/leave")))
    thread.start()
    eventually(lambda: _waiting(edge, site, "/live/*", before + 2))
    leaving.close()

    def noticed() -> None:
        assert '"result": "ViewerLeft"' in edge.log.read_text()

    eventually(noticed)
    gate.set()
    thread.join(10)
    assert replies[0].content == b"stays"
    assert len(origin.asked("/base/live/leave")) == 1


def test_an_answer_that_may_not_be_shared_is_asked_for_by_each(
    edge: EdgeProcess, site: Site, origin: OriginServer, gate: threading.Event
) -> None:
    origin.pages["/base/live/mine"] = Page(b"mine", headers={"Cache-Control": "no-store"}, head_gate=gate)
    before = _requests(edge, site, "/live/*")
    replies: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: replies.append(httpx.get(f"{edge.url}/live/mine"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    eventually(lambda: _waiting(edge, site, "/live/*", before + 5))
    gate.set()
    for thread in threads:
        thread.join(10)
    assert [reply.content for reply in replies] == [b"mine"] * 5
    assert len(origin.asked("/base/live/mine")) == 5


def test_an_origin_that_fails_fails_all_who_wait(
    edge: EdgeProcess, site: Site, origin: OriginServer, gate: threading.Event
) -> None:
    # The distribution gives this origin two seconds to answer.
    origin.pages["/base/live/hang"] = Page(b"late", head_gate=gate)
    started = time.monotonic()
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(httpx.get(f"{edge.url}/live/hang", timeout=10).status_code))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert statuses == [504, 504, 504]
    assert 1.5 < time.monotonic() - started < 4


def test_a_body_that_breaks_off_breaks_the_viewers_connection_and_is_not_kept(
    edge: EdgeProcess, origin: OriginServer
) -> None:
    page = Page(blocks=(b"x" * 1000,), headers={"Content-Length": "2000"}, breaks_off=True)
    origin.pages["/base/kept/broken"] = page
    connection = http.client.HTTPConnection("localhost", edge.port, timeout=10)
    connection.request("GET", "/kept/broken", headers={"Accept-Encoding": "gzip"})
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()
    origin.pages["/base/kept/broken"] = Page(b"whole")
    assert httpx.get(f"{edge.url}/kept/broken").content == b"whole"


def test_an_origin_that_is_away_is_a_502_and_its_return_is_noticed(edge: EdgeProcess, origin: OriginServer) -> None:
    origin.pages["/base/kept/away"] = Page(b"back")
    origin.stop()
    try:
        away = httpx.get(f"{edge.url}/kept/away")
    finally:
        origin.resume()
    assert away.status_code == 502
    assert away.headers["x-cache"] == "Error from cloudfront"
    assert httpx.get(f"{edge.url}/kept/away").content == b"back"


def test_slow_viewers_neither_stall_the_others_nor_fill_the_memory(edge: EdgeProcess, site: Site) -> None:
    size = 64 * MEGABYTE
    site.put("media/film.mp4", bytes(size))
    before = _resident_bytes(edge)
    # Half of the slow ones wait with the first viewer for the origin, half find the film in the cache.
    sleepers = [_sleeper(edge, "/media/film.mp4") for _ in range(4)]
    for _ in range(2):
        started = time.monotonic()
        with httpx.stream("GET", f"{edge.url}/media/film.mp4") as reply:
            assert sum(len(block) for block in reply.iter_raw()) == size
        assert time.monotonic() - started < 15
        sleepers += [_sleeper(edge, "/media/film.mp4") for _ in range(4)]
    # Some bytes have come to each: from here on they sleep.
    for sleeper in sleepers:
        assert sleeper.recv(16)
    assert _resident_bytes(edge) - before < 40 * MEGABYTE
    for sleeper in sleepers:
        sleeper.close()


def _sleeper(edge: EdgeProcess, path: str) -> socket.socket:
    """Return a viewer who asks, and then hardly reads."""
    sleeper = socket.create_connection(("127.0.0.1", edge.port))
    sleeper.settimeout(20)
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sleeper.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode())
    return sleeper


def _resident_bytes(edge: EdgeProcess) -> int:
    fields = Path(f"/proc/{edge.process.pid}/status").read_text().split()
    return int(fields[fields.index("VmRSS:") + 1]) * 1024
