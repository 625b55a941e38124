"""Workflows that run when the emulator stops run again when it is back.

On AWS an execution outlives whatever runs its steps. Upstream declares those that it finds running in the saved state
failed, without an event that anybody could act on, so that a video would stay in "processing" for ever. Here they are
started again from their first state, under the same name: the steps of ours may run twice.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from emulator import upstream
from emulator.settings import Settings

_WAIT_FOR_SERVER_S = 60.0
_logger = logging.getLogger(__name__)


def apply(settings: Settings) -> None:
    """Start again what ran, as soon as the server answers."""
    service = upstream.module("services.stepfunctions")

    def load_persisted_state(original: Callable[[Any], None]) -> Callable[[Any], None]:
        def and_resume(state: Any) -> None:
            original(state)
            interrupted = [
                (scope, execution)
                for scope, execution in service._executions._data.items()
                if execution.get("error") == "States.ServiceRestart" and execution.get("status") == "FAILED"
            ]
            for _, execution in interrupted:
                _rewind(execution)
            if interrupted:
                threading.Thread(target=_run_all, args=(settings, service, interrupted), daemon=True).start()

        return and_resume

    upstream.replace(service, "load_persisted_state", load_persisted_state)


def _rewind(execution: dict[str, Any]) -> None:
    execution.update(status="RUNNING", stopDate=None, events=execution["events"][:1], mockAttempts={})
    execution.pop("error", None)
    execution.pop("cause", None)


def _run_all(settings: Settings, service: Any, interrupted: list[tuple[tuple[str, str, str], dict[str, Any]]]) -> None:
    _wait_for_server(settings)
    for (account, region, arn), _ in interrupted:
        _logger.info("running again: %s", arn)
        threading.Thread(target=_run, args=(service, account, region, arn), daemon=True).start()


def _run(service: Any, account: str, region: str, arn: str) -> None:
    # The account and the Region of a thread are context variables, unset in a new one.
    responses = upstream.module("core.responses")
    responses.set_request_account_id(account)
    responses.set_request_region(region)
    service._run_execution(arn)


def _wait_for_server(settings: Settings) -> None:
    # The steps call back: nothing may run before the server answers.
    deadline = time.monotonic() + _WAIT_FOR_SERVER_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection((settings.host, settings.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
