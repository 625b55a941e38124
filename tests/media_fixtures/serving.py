"""Serve a folder by HTTP ranges, as S3 does, and remember who asked for what."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BLOCK_BYTES = 65_536


@dataclass
class Served:
    """Tell where the folder is served and what was asked for so far."""

    base_url: str
    paths: list[str] = field(default_factory=list)
    bytes_sent: int = 0


class _Server(ThreadingHTTPServer):
    def __init__(self, folder: Path, break_after_bytes: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.break_after_bytes = break_after_bytes
        self.served = Served(f"http://127.0.0.1:{self.server_address[1]}")

    def handle_error(self, *_: object) -> None:
        """Say nothing when ffmpeg hangs up, as it does at each seek."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        served, break_after = self.server.served, self.server.break_after_bytes
        served.paths.append(self.path)
        file = self.server.folder / self.path.lstrip("/")
        if break_after is not None and len(served.paths) > 1:
            self._head(403, {"Content-Length": "0"})
            return
        if not file.is_file():
            self._head(404, {"Content-Length": "0"})
            return
        data = file.read_bytes()
        first, last = self._range(len(data))
        headers = {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1)}
        self._head(206, headers | {"Content-Range": f"bytes {first}-{last}/{len(data)}"})
        sent = memoryview(data)[first : last + 1][:break_after]
        self.close_connection = len(sent) <= last - first
        for start in range(0, len(sent), BLOCK_BYTES):
            # Raises when ffmpeg has hung up: only what it took is counted.
            self.wfile.write(sent[start : start + BLOCK_BYTES])
            served.bytes_sent += len(sent[start : start + BLOCK_BYTES])

    def _range(self, size: int) -> tuple[int, int]:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        if wanted is None:
            raise ValueError("a range that the tests do not use")
        return int(wanted[1]), min(int(wanted[2] or size), size - 1)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def serve(folder: Path, *, break_after_bytes: int | None = None) -> Iterator[Served]:
    """Serve a folder on a free port of this machine.

    With `break_after_bytes` the first answer breaks off there, and later requests are forbidden; `paths.clear()`
    begins anew.
    """
    server = _Server(folder, break_after_bytes)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
