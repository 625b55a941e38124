"""Objects are read from disk as far as they are asked for.

Upstream reads the whole object into memory for each GET, on the event loop, also for a range of it: twenty ranges of a
1 GB object kept every other client waiting for half a second each. ffmpeg asks for open-ended ranges and hangs up, so
what is long is streamed.
"""

from collections.abc import Callable
from contextvars import ContextVar
from io import FileIO
from typing import Any

from emulator import upstream
from emulator.objects.file_slice import FileSlice

# Up to this size one read is cheaper than a stream.
_READ_AT_ONCE_BYTES = 2 << 20

Answer = tuple[int, dict[str, str], Any]

_answers_a_client: ContextVar[bool] = ContextVar("answers_a_client", default=False)


def apply() -> None:
    """Read bodies late when a client asks for them; callers inside the emulator get bytes as before."""
    s3 = upstream.module("services.s3")
    upstream.replace(s3, "_read_body", lambda original: _late_reader(s3, original))
    upstream.replace(s3, "_get_object", _getter)
    upstream.replace(s3, "_dispatch", _dispatcher)


def _late_reader(s3: Any, original: Callable[..., bytes]) -> Callable[..., bytes | FileSlice]:
    def read_body(bucket: str, key: str, record: dict[str, Any]) -> bytes | FileSlice:
        if not _answers_a_client.get() or record.get("body") is not None:
            return original(bucket, key, record)
        try:
            file = FileIO(s3._object_disk_path(bucket, key))
        except OSError:
            return original(bucket, key, record)
        return FileSlice(file, 0, record["size"])

    return read_body


def _getter(original: Callable[..., Answer]) -> Callable[..., Answer]:
    streaming: Any = upstream.module("core.responses").StreamingResponse

    def get_object(*arguments: Any) -> Answer:
        status, headers, body = original(*arguments)
        if not isinstance(body, FileSlice):
            return status, headers, body
        if len(body) <= _READ_AT_ONCE_BYTES:
            with body.file:
                return status, headers, body.read()
        headers["Content-Length"] = str(len(body))
        return status, headers, streaming(body.send)

    return get_object


def _dispatcher(original: Callable[..., Answer]) -> Callable[..., Answer]:
    def dispatch(method: str, *arguments: Any) -> Answer:
        # A copy reads its source through the same function, and wants bytes.
        token = _answers_a_client.set(method == "GET")
        try:
            return original(method, *arguments)
        finally:
            _answers_a_client.reset(token)

    return dispatch
