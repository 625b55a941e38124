"""Workflows as Step Functions runs them, where upstream does not."""

import json
from pathlib import Path
from typing import Any

from tests.integration.emulator.servers import ROLE, Server, eventually

ECHO = """
def handler(event, context):
    return event
"""
WAITS = """
import os, time
def handler(event, context):
    open(event["began"] + str(event["item"]), "w").close()
    while not os.path.exists(event["go"]):
        time.sleep(0.05)
    raise ValueError("too late")
"""


def _machine(server: Server, name: str, definition: dict[str, Any]) -> str:
    machines = server.client("stepfunctions")
    made = machines.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(made["stateMachineArn"])


def _task(function: str) -> dict[str, Any]:
    return {
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
                "Output": "{% $states.result.Payload %}",
                "End": True,
            }
        },
    }


def _ended(server: Server, execution: str) -> dict[str, Any]:
    def found() -> dict[str, Any]:
        described: dict[str, Any] = server.client("stepfunctions").describe_execution(executionArn=execution)
        assert described["status"] != "RUNNING"
        return described

    return eventually(found, within_s=60)


def test_a_distributed_map_evaluates_jsonata(server: Server) -> None:
    server.make_function("echo", ECHO)
    every = {
        "Type": "Map",
        "Items": "{% [$states.input.items[$ > 1]] %}",
        "MaxConcurrency": "{% 1 + 1 %}",
        "ItemSelector": {"film": "{% $states.input.film %}", "item": "{% $states.context.Map.Item.Value %}"},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **_task("echo")},
        "Output": {"done": "{% $states.result %}"},
        "End": True,
    }
    machine = _machine(
        server, "distributed", {"QueryLanguage": "JSONata", "StartAt": "Every", "States": {"Every": every}}
    )
    execution = server.client("stepfunctions").start_execution(
        stateMachineArn=machine, input=json.dumps({"film": "mill", "items": [1, 2, 3]})
    )["executionArn"]
    ended = _ended(server, execution)
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == {"done": [{"film": "mill", "item": 2}, {"film": "mill", "item": 3}]}


def test_a_stopped_workflow_begins_nothing_more(ours: Server, tmp_path: Path) -> None:
    # Upstream begins the next item a moment later: no test can wait for that moment without waiting for ever in ours.
    server = ours
    server.make_function("waits", WAITS, Timeout=60)
    inputs = {"began": str(tmp_path / "began-"), "go": str(tmp_path / "go")}
    every = {
        "Type": "Map",
        "Items": [1, 2, 3],
        "MaxConcurrency": 1,
        "ItemSelector": {**inputs, "item": "{% $states.context.Map.Item.Value %}"},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **_task("waits")},
        "End": True,
    }
    machine = _machine(server, "stopped", {"QueryLanguage": "JSONata", "StartAt": "Every", "States": {"Every": every}})
    machines = server.client("stepfunctions")
    execution = machines.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def began() -> None:
        assert (tmp_path / "began-1").exists()

    eventually(began, within_s=60)
    machines.stop_execution(executionArn=execution)
    (tmp_path / "go").touch()

    def is_over() -> None:
        # The worker is free again: whatever follows the first item has been decided.
        assert server.invoke("waits", {**inputs, "item": "last"})["errorMessage"] == "too late"
        assert (tmp_path / "began-last").exists()

    eventually(is_over, within_s=60)
    assert machines.describe_execution(executionArn=execution)["status"] == "ABORTED"
    assert not (tmp_path / "began-2").exists()
