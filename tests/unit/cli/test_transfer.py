"""Sending a file: every part once, tried again when it fails, and resumed."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.millrace_cli import transfer
from scripts.millrace_cli.api import ApiRefused
from scripts.millrace_cli.console import CommandFailed
from scripts.millrace_cli.transfer import Memory, send

PART = 1000
DRAFT = {"title": "Film", "filename": "film.mp4", "visibility": "public"}


class Storage:
    """A server that keeps parts as S3 does, and fails as it is told."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.puts: list[int] = []
        self.failures: dict[int, list[int]] = {}
        self.completed: list[tuple[int, str]] | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def _handler(storage: Storage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            number = int(self.path.rpartition("/")[2])
            body = self.rfile.read(int(self.headers["Content-Length"]))
            storage.puts.append(number)
            failures = storage.failures.get(number, [])
            status = failures.pop(0) if failures else 200
            if status == 200:
                storage.parts[number] = body
            self.send_response(status)
            self.send_header("ETag", f'"etag-{number}"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found = re.findall(r"<PartNumber>(\d+)</PartNumber><ETag>([^<]+)</ETag>", text)
            storage.completed = [(int(number), etag) for number, etag in found]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


class ApiOfVideos:
    """Stands in for the platform's API over one upload, two parts a page."""

    def __init__(self, storage: Storage, size: int) -> None:
        self.storage = storage
        self.count = -(-size // PART)
        self.created = 0
        self.is_gone = False

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if (method, path) == ("POST", "/api/videos"):
            self.created += 1
            return {"video": {"video_id": "v1"}, "upload": self._page(1)}
        if path.startswith("/api/videos/v1/upload"):
            if self.is_gone:
                raise ApiRefused(409, "finished")
            return self._page(int(path.rpartition("=")[2]) if "=" in path else 1)
        return {"video_id": "v1", "state": "processing"}

    def _page(self, first: int) -> dict[str, Any]:
        last = min(self.count, first + 1)
        stored = {number: f'"etag-{number}"' for number in self.storage.parts}
        parts = [
            {"part_number": n, "url": f"{self.storage.url}/{n}", "etag": stored.get(n)} for n in range(first, last + 1)
        ]
        following = last + 1 if last < self.count else None
        url = f"{self.storage.url}/complete"
        return {"part_size_bytes": PART, "parts": parts, "next_part": following, "complete_url": url}


@pytest.fixture
def storage() -> Iterator[Storage]:
    storage = Storage()
    thread = threading.Thread(target=storage.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield storage
    storage.server.shutdown()
    thread.join()
    storage.server.server_close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "film.mp4"
    file.write_bytes(bytes(range(256)) * 18)
    return file


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSE_S", 0.0)


def _send(storage: Storage, film: Path, api: ApiOfVideos | None = None) -> tuple[dict[str, Any], list[int]]:
    moved: list[int] = []
    api = api or ApiOfVideos(storage, film.stat().st_size)
    return send(api, Memory(film.parent / "memory"), film, DRAFT, moved.append), moved  # type: ignore[arg-type]


def test_every_part_arrives_once_and_in_order(storage: Storage, film: Path) -> None:
    video, moved = _send(storage, film)
    assert video["state"] == "processing"
    assert b"".join(storage.parts[number] for number in sorted(storage.parts)) == film.read_bytes()
    assert storage.completed == [(number, f'"etag-{number}"') for number in range(1, 6)]
    assert sorted(storage.puts) == [1, 2, 3, 4, 5]
    assert sum(moved) == film.stat().st_size


def test_a_part_that_fails_is_tried_again(storage: Storage, film: Path) -> None:
    storage.failures = {2: [503, 500]}
    _, moved = _send(storage, film)
    assert storage.puts.count(2) == 3
    assert sum(moved) == film.stat().st_size, "the bar does not count a failed attempt"


def test_a_refusal_is_not_tried_again(storage: Storage, film: Path) -> None:
    storage.failures = {1: [403] * 9}
    with pytest.raises(CommandFailed, match="part 1"):
        _send(storage, film)
    assert storage.puts.count(1) == 1


def test_the_next_run_sends_only_what_is_missing(storage: Storage, film: Path) -> None:
    api = ApiOfVideos(storage, film.stat().st_size)
    storage.failures = {4: [403] * 9}
    with pytest.raises(CommandFailed):
        _send(storage, film, api)
    sent = set(storage.parts)
    assert {1, 2} <= sent
    storage.failures.clear()
    storage.puts.clear()
    _, moved = _send(storage, film, api)
    assert set(storage.puts) == {1, 2, 3, 4, 5} - sent
    assert api.created == 1
    assert sum(moved) == film.stat().st_size
    # It is complete: the same file again is another video.
    _send(storage, film, api)
    assert api.created == 2


def test_an_upload_that_is_gone_begins_anew(storage: Storage, film: Path) -> None:
    api = ApiOfVideos(storage, film.stat().st_size)
    storage.failures = {4: [403] * 9}
    with pytest.raises(CommandFailed):
        _send(storage, film, api)
    storage.failures.clear()
    api.is_gone = True
    # The pages behind the first are asked for, too: this upload is open again.
    api.request = _open_again(api)  # type: ignore[method-assign]
    _send(storage, film, api)
    assert api.created == 2


def _open_again(api: ApiOfVideos) -> Any:
    original = api.request

    def request(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if (method, path) == ("POST", "/api/videos"):
            api.is_gone = False
        return original(method, path, body)

    return request


def test_an_edited_file_is_another_upload(storage: Storage, film: Path) -> None:
    api = ApiOfVideos(storage, film.stat().st_size)
    storage.failures = {4: [403] * 9}
    with pytest.raises(CommandFailed):
        _send(storage, film, api)
    storage.failures.clear()
    film.write_bytes(b"x" * film.stat().st_size)
    _send(storage, film, api)
    assert api.created == 2


def test_an_empty_file_is_refused_at_once(storage: Storage, tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(CommandFailed, match=r"empty\.mp4 is empty"):
        _send(storage, empty)
