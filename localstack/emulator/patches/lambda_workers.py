"""Python functions run in our own workers.

Upstream's worker unpacks code and every layer for itself and loses the files' modes, shares standard input and output
with the handler, dies with each exception, inherits the emulator's environment and packages, waits 50 ms for a log
line that may not come, and leaves grandchildren alive when it is killed. Its caller then reports every failure as
``Runtime.HandlerError``, so that Retry and Catch by class name never match in Step Functions.

Replaced: the choice of the worker class, and the executor that turns a worker's answer into an invocation result.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from emulator import upstream
from emulator.workers.sandboxes import Sandboxes
from emulator.workers.worker import PythonWorker

Invocation = dict[str, Any]


def apply(sandboxes: Sandboxes) -> None:
    """Let Python functions run in our workers; other runtimes stay with upstream's."""
    runtime = upstream.module("core.lambda_runtime")
    service = upstream.module("services.lambda_svc")

    def choose_worker(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda config: partial(PythonWorker, sandboxes) if _is_python(config) else original(config)

    def execute(original: Callable[..., Invocation]) -> Callable[..., Invocation]:
        def execute_warm(func: dict[str, Any], event: object, request_id: str) -> Invocation:
            config = func.get("config") or func
            if func.get("code_zip") and _is_python(config):
                return _execute(service, func["code_zip"], config, event, request_id)
            return original(func, event, request_id)

        return execute_warm

    upstream.replace(runtime, "_worker_class_for", choose_worker)
    upstream.replace(service, "_execute_function_warm", execute)


def _is_python(config: dict[str, Any]) -> bool:
    return str(config.get("Runtime", "")).startswith("python")


def _execute(service: Any, code: bytes, config: dict[str, Any], event: object, request_id: str) -> Invocation:
    service._ensure_reaper_thread()
    worker, _ = service.acquire_worker(config["FunctionName"], config, code, qualifier=config.get("Version", "$LATEST"))
    try:
        outcome = worker.run(event, request_id, service._xray_trace_id_for_invocation(config))
    finally:
        service.release_worker(worker)
    if outcome.failure is not None:
        return {"body": outcome.failure, "error": True, "log": outcome.log}
    return {"body": outcome.result, "log": outcome.log}
