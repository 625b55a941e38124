"""One execution environment of a function, in the shape in which MiniStack pools them."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from emulator import upstream
from emulator.workers.process import WorkerProcess
from emulator.workers.sandboxes import Sandboxes

# Lambda gives a function 10 s to load; a busy laptop that unpacks a layer meanwhile may need longer.
_INIT_LIMIT_S = 30.0
_DEFAULT_TIMEOUT_S = 3
_DEFAULT_HANDLER = "index.handler"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an invocation came to: a result or Lambda's error payload, and what was printed."""

    result: object
    failure: dict[str, Any] | None
    log: str


class _NotLoaded(Exception):
    """The process could not load its handler."""

    def __init__(self, failure: dict[str, Any], log: str) -> None:
        super().__init__(failure["errorMessage"])
        self.failure = failure
        self.log = log


class PythonWorker:
    """A pooled worker: starts its process when it is first needed, and again when it has died.

    ``config``, ``in_use``, ``last_used``, ``_lock``, ``_proc``, ``_cold``, ``_spawn`` and ``_discard_tmpdir`` are what
    MiniStack's pool uses.
    """

    def __init__(self, sandboxes: Sandboxes, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        self.func_name = func_name
        self.config = config
        self.code_zip = code_zip
        self.in_use = False
        self.last_used = time.time()
        self._sandboxes = sandboxes
        self._lock = threading.Lock()
        self._proc: WorkerProcess | None = None
        self._cold = True

    def run(self, event: object, request_id: str, trace_id: str | None) -> Outcome:
        """Invoke the handler and wait for it, no longer than the function's timeout."""
        with self._lock:
            process = self._proc
            if process is not None:
                process.begin()
            if process is None or process.poll() is not None:
                try:
                    process = self._start()
                except _NotLoaded as error:
                    return Outcome(None, {**error.failure, "requestId": request_id}, error.log)
            try:
                return self._invoke(process, event, request_id, trace_id)
            finally:
                process.end()

    def _invoke(self, process: WorkerProcess, event: object, request_id: str, trace_id: str | None) -> Outcome:
        timeout_s = float(self.config.get("Timeout") or _DEFAULT_TIMEOUT_S)
        message = {
            "event": event,
            "request_id": request_id,
            "trace_id": trace_id,
            "function_arn": self.config.get("FunctionArn", ""),
            "deadline_ms": int((time.time() + timeout_s) * 1000),
        }
        try:
            answer = process.exchange(message, time.monotonic() + timeout_s)
        except TimeoutError:
            failure = _failure("Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds", request_id)
        else:
            if answer is not None:
                return Outcome(answer.get("result"), answer.get("payload"), process.new_log_text())
            failure = _exited(process, request_id)
        log = self._discard(process)
        return Outcome(None, failure, f"{log}{failure['errorMessage']}\n")

    def _start(self) -> WorkerProcess:
        if self._proc is not None:
            self._discard(self._proc)
        process, places = self._sandboxes.start(self.config, self.code_zip, self._layer_archives())
        self._proc = process
        init = {
            "handler": self.config.get("Handler", _DEFAULT_HANDLER),
            "search_path": places.search_path,
            "site_directories": places.site_directories,
        }
        try:
            answer = process.exchange(init, time.monotonic() + _INIT_LIMIT_S)
        except TimeoutError:
            failure = _failure("Sandbox.Timedout", f"Init timed out after {_INIT_LIMIT_S:.2f} seconds", "")
        else:
            if answer is not None and answer["status"] == "ready":
                self._cold = False
                return process
            failure = answer["payload"] if answer is not None else _exited(process, "")
        raise _NotLoaded(failure, self._discard(process))

    def _layer_archives(self) -> list[bytes]:
        resolve = upstream.module("services.lambda_svc")._resolve_layer_zip
        archives = (resolve(layer) for layer in self.config.get("Layers") or ())
        return [archive for archive in archives if archive]

    def _spawn(self) -> None:
        self._start().end()

    def _discard(self, process: WorkerProcess) -> str:
        self._proc = None
        process.kill()
        return process.new_log_text()

    def _discard_tmpdir(self) -> None:
        # The pool calls it after it has ended the process, which removes its directory itself.
        return


def _exited(process: WorkerProcess, request_id: str) -> dict[str, Any]:
    status = process.exit_status()
    return _failure("Runtime.ExitError", f"Runtime exited with exit status {status}", request_id)


def _failure(error_type: str, message: str, request_id: str) -> dict[str, Any]:
    text = f"RequestId: {request_id} Error: {message}" if request_id else message
    return {"errorMessage": text, "errorType": error_type, "requestId": request_id, "stackTrace": []}
