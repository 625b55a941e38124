"""The conversation between the emulator and a worker: JSON lines on a socket of their own.

Standard input, output and error are the function's: whatever it or its children read or print cannot be taken for
an answer.
"""

import contextlib
import json
import math
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulator.processes import kill_descendants
from emulator.sandbox import failures, handlers, root_log
from emulator.sandbox.context import LambdaContext


def serve(channel_fd: int) -> None:
    """Load the handler that the first message names, then answer one message an invocation."""
    os.set_inheritable(channel_fd, False)
    channel = socket.socket(fileno=channel_fd)
    threading.Thread(target=_die_with_the_emulator, args=(channel,), daemon=True).start()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    root_log.install()
    messages = channel.makefile("rb")
    try:
        handler = handlers.load(json.loads(messages.readline()))
    except BaseException as error:
        payload = failures.of_initialisation(error)
        _log(payload)
        _send(channel, {"status": "error", "payload": payload})
        return
    _send(channel, {"status": "ready"})
    for line in messages:
        answer = _answer(handler, json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        channel.sendall(answer)


def _answer(handler: Callable[[Any, LambdaContext], Any], message: dict[str, Any]) -> bytes:
    context = LambdaContext(message)
    root_log.request_id = context.aws_request_id
    if message["trace_id"]:
        os.environ["_X_AMZN_TRACE_ID"] = message["trace_id"]
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        result = handler(message["event"], context)
    except Exception as error:
        payload = failures.of_handler(error, context.aws_request_id)
        _log(payload)
        return _line({"status": "error", "payload": payload})
    try:
        return _line({"status": "ok", "result": result})
    except (TypeError, ValueError) as error:
        payload = failures.of_marshalling(error, context.aws_request_id)
        _log(payload)
        return _line({"status": "error", "payload": payload})


def _log(payload: failures.Payload) -> None:
    sys.stdout.write(failures.log_text(payload) + "\n")


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, default=_plain).encode() + b"\n"


def _plain(value: object) -> float:
    # The one type beyond JSON's own that Lambda's Python runtime accepts in a result.
    if isinstance(value, Decimal):
        return math.nan if value.is_nan() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _send(channel: socket.socket, answer: dict[str, Any]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    channel.sendall(_line(answer))


def _die_with_the_emulator(channel: socket.socket) -> None:
    # The emulator may be killed outright while the handler waits for ffmpeg: nobody would end either of them.
    watcher = select.poll()
    watcher.register(channel, 0)
    watcher.poll()
    kill_descendants(os.getpid())
    with contextlib.suppress(OSError):
        os.killpg(0, 9)
