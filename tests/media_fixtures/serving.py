"""Serve a folder by HTTP ranges, as S3 does, and remember who asked for what."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Served:
    """Tell where the folder is served and what was asked for so far."""

    base_url: str
    paths: list[str] = field(default_factory=list)
    bytes_sent: int = 0


@contextmanager
def serve(folder: Path, *, break_after_bytes: int | None = None) -> Iterator[Served]:
    """Serve a folder on a free port of this machine.

    With `break_after_bytes` the first answer breaks off there, and later requests are forbidden; `paths.clear()`
    begins anew.
    """
    served = Served("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            served.paths.append(self.path)
            file = folder / self.path.lstrip("/")
            is_broken = break_after_bytes is not None and len(served.paths) > 1
            if is_broken or not file.is_file():
                self.send_response(403 if is_broken else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = file.read_bytes()
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            first = int(wanted[1]) if wanted else 0
            last = min(int(wanted[2]), len(data) - 1) if wanted and wanted[2] else len(data) - 1
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(last - first + 1))
            self.end_headers()
            try:
                sent = data[first : last + 1][:break_after_bytes]
                self.wfile.write(sent)
                served.bytes_sent += len(sent)
                self.close_connection = len(sent) <= last - first
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
