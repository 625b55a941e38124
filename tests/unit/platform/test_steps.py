"""Workflow steps: typed inside, plain JSON outside."""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from millrace.platform.errors import WorkflowError
from millrace.platform.steps import Context, Deadline, InvalidTask, step


class Task(BaseModel):
    frames: int
    sizes: tuple[int, ...] = ()


class Done(BaseModel):
    at: datetime
    half: float


class SourceRejected(WorkflowError):
    """A reason that the state machine knows."""


@step
def halve(task: Task) -> Done:
    """Halve the frames."""
    if task.frames < 0:
        raise SourceRejected("negative")
    return Done(at=datetime.fromisoformat("2026-11-22T00:00:00+00:00"), half=task.frames / 2)


@step
def forget(task: Task, deadline: Deadline) -> None:
    assert 0 < deadline.remaining_s() <= 3


def context(remaining_ms: int = 3000) -> Context:
    found: Any = SimpleNamespace(aws_request_id="r1", get_remaining_time_in_millis=lambda: remaining_ms)
    return found  # type: ignore[no-any-return]


def test_a_step_reads_a_task_and_answers_json(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    result = halve({"frames": 3, "sizes": [1, 2]}, context())
    assert json.loads(json.dumps(result)) == {"at": "2026-11-22T00:00:00Z", "half": 1.5}
    line, metrics = vars(caplog.records[0]), json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["message"], line["step"], line["failure"]) == ("step ended", "halve", "")
    assert (metrics["step"], metrics["Steps"], metrics["StepFailures"]) == ("halve", [1.0], [0.0])
    assert halve.__doc__ == "Halve the frames."


def test_a_step_without_result_answers_null() -> None:
    assert forget({"frames": 1}, context()) is None


@pytest.mark.parametrize("event", [{}, {"frames": "many"}, {"frames": None}, [], "x"])
def test_an_input_of_another_shape_is_an_invalid_task(event: Any) -> None:
    with pytest.raises(InvalidTask, match="Task"):
        halve(event, context())


def test_an_error_travels_by_its_class_and_is_counted(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SourceRejected, match="negative"):
        halve({"frames": -1}, context())
    line, metrics = vars(caplog.records[0]), json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["failure"] == "SourceRejected"
    assert metrics["StepFailures"] == [1.0]


def test_time_that_is_over_is_not_negative() -> None:
    assert Deadline.within(-5).remaining_s() == 0


def test_a_function_that_takes_no_model_is_no_step() -> None:
    def untyped(task: dict[str, Any]) -> None:
        """Take anything."""

    with pytest.raises(TypeError, match="pydantic model"):
        step(untyped)  # type: ignore[type-var]
