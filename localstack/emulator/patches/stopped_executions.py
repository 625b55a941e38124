"""A workflow that was stopped does no more, and stays stopped.

Upstream notes that an execution was stopped and looks at the note between the states at the top only: the branches of
a Parallel and the items of a Map go on to their end, and what fails then turns the execution from ABORTED to FAILED.
"""

from collections.abc import Callable
from typing import Any

from emulator import upstream


def apply() -> None:
    """Begin no task of an execution that was stopped, and let its status be."""
    service = upstream.module("services.stepfunctions")

    def execute_task(original: Callable[..., Any]) -> Callable[..., Any]:
        def unless_stopped(state: Any, given: Any, execution: Any, context: Any) -> Any:
            if execution["status"] == "ABORTED":
                raise service._ExecutionError("States.Runtime", "The execution was stopped.")
            return original(state, given, execution, context)

        return unless_stopped

    def fail_execution(original: Callable[..., None]) -> Callable[..., None]:
        def unless_stopped(execution: Any, error: str, cause: str) -> None:
            if execution["status"] != "ABORTED":
                original(execution, error, cause)

        return unless_stopped

    upstream.replace(service, "_execute_task", execute_task)
    upstream.replace(service, "_fail_execution", fail_execution)
