"""Workflow steps: a typed function becomes the Lambda handler of one state of a state machine.

    @step
    def handler(task: ProbeTask, deadline: Deadline) -> Probed: ...

Exceptions travel as they are: the state machine matches them by the name of their class.
"""

import inspect
import json
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, get_type_hints, overload

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, ValidationError

from millrace.platform.errors import WorkflowError
from millrace.platform.observability import logger, metrics

Task = TypeVar("Task", bound=BaseModel)
Result = TypeVar("Result", bound="BaseModel | None")
Handler = Callable[[dict[str, Any], "Context"], Any]


class InvalidTask(WorkflowError):
    """The state machine passed an input that the step cannot read: a fault of ours, never worth a retry."""


class Context(Protocol):
    """What a step uses of the context that Lambda passes."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the function's timeout."""
        ...


class Deadline:
    """The moment by which a step has to be done."""

    def __init__(self, at_s: float) -> None:
        """Take the moment on the monotonic clock, in seconds."""
        self._at_s = at_s

    @classmethod
    def within(cls, seconds: float) -> "Deadline":
        """Return the deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining_s(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, self._at_s - time.monotonic())


@overload
def step(view: Callable[[Task], Result]) -> Handler: ...
@overload
def step(view: Callable[[Task, Deadline], Result]) -> Handler: ...
def step(view: Callable[..., Any]) -> Handler:
    """Turn a typed function into a Lambda handler: read the task, run, measure, return plain JSON."""
    model, takes_deadline = _signature(view)
    name = view.__module__ if view.__name__ == "handler" else view.__name__

    def handle(event: dict[str, Any], context: Context) -> Any:
        started_s = time.monotonic()
        deadline = Deadline.within(context.get_remaining_time_in_millis() / 1000)
        failure = ""
        try:
            task = _read(model, event)
            result = view(task, deadline) if takes_deadline else view(task)
            return None if result is None else result.model_dump(mode="json")
        except Exception as error:
            failure = type(error).__name__
            raise
        finally:
            _record(name, context.aws_request_id, time.monotonic() - started_s, failure)

    handle.__name__ = view.__name__
    handle.__doc__ = view.__doc__
    handle.__module__ = view.__module__
    return handle


def _signature(view: Callable[..., Any]) -> tuple[type[BaseModel], bool]:
    names = list(inspect.signature(view).parameters)
    hints = get_type_hints(view)
    if not names or len(names) > 2:
        raise TypeError(f"{view.__name__} takes a task and, if it likes, a deadline")
    model = hints[names[0]]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{view.__name__}: the task is a pydantic model")
    return model, len(names) == 2


def _read(model: type[BaseModel], event: dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate_json(json.dumps(event))
    except ValidationError as error:
        places = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False))
        raise InvalidTask(f"{model.__name__}: {places}") from error


def _record(name: str, request_id: str, duration_s: float, failure: str) -> None:
    """Log one line and flush the metrics of this invocation, those that the step added included."""
    duration_ms = round(duration_s * 1000)
    logger().info("step ended", step=name, duration_ms=duration_ms, failure=failure, request_id=request_id)
    emf = metrics()
    emf.add_dimension("step", name)
    emf.add_metric("Steps", MetricUnit.Count, 1)
    emf.add_metric("StepFailures", MetricUnit.Count, 1 if failure else 0)
    emf.add_metric("StepDuration", MetricUnit.Milliseconds, duration_ms)
    emf.flush_metrics()
