"""Python functions: what they see, how they fail, and what is left of them."""

import base64
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.emulator.servers import Server, archive, eventually

RAISES = """
import os
class Flaky(Exception):
    pass
def handler(event, context):
    if event == "pid":
        return os.getpid()
    raise Flaky("not now")
"""


def layer(server: Server, name: str, content: bytes) -> str:
    arn: str = server.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": content})[
        "LayerVersionArn"
    ]
    return arn


def run_machine(server: Server, name: str, states: dict[str, Any]) -> dict[str, Any]:
    machines = server.client("stepfunctions")
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    arn = machines.create_state_machine(name=name, definition=definition, roleArn="arn:aws:iam::000000000000:role/x")
    execution = machines.start_execution(stateMachineArn=arn["stateMachineArn"], input="{}")["executionArn"]

    def ended() -> dict[str, Any]:
        found: dict[str, Any] = machines.describe_execution(executionArn=execution)
        assert found["status"] != "RUNNING"
        return found

    return eventually(ended)


def test_a_workflow_catches_an_exception_by_its_class(server: Server) -> None:
    server.make_function("catch", RAISES)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "catch", "Payload": "raise"},
        "Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}],
        "Catch": [{"ErrorEquals": ["Flaky"], "Next": "Caught", "ResultPath": "$.error"}],
        "End": True,
    }

    execution = run_machine(server, "catch", {"Try": task, "Caught": {"Type": "Pass", "End": True}})

    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["error"]["Error"] == "Flaky"
    history = server.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])["events"]
    assert sum(event["type"].endswith("Failed") for event in history) == 2, "tried once more before it was caught"


def test_an_exception_answers_with_its_class_and_stack(server: Server) -> None:
    server.make_function("trace", RAISES)

    failure = server.invoke("trace")

    assert (failure["errorType"], failure["errorMessage"]) == ("Flaky", "not now")
    assert 'raise Flaky("not now")' in failure["stackTrace"][-1]


def test_a_worker_outlives_an_exception(server: Server) -> None:
    server.make_function("warm", RAISES)
    before = server.invoke("warm", "pid")

    server.invoke("warm", "raise")

    assert server.invoke("warm", "pid") == before


def test_what_a_child_prints_is_not_taken_for_the_answer(server: Server) -> None:
    server.make_function(
        "impostor",
        """
import subprocess
def handler(event, context):
    subprocess.run(["echo", '{"status": "ok", "result": "impostor"}'])
    return "handler"
""",
    )

    assert server.invoke("impostor") == "handler"


def test_a_child_that_reads_its_input_gets_none(server: Server) -> None:
    server.make_function(
        "reader",
        'import subprocess\ndef handler(event, context): return subprocess.run(["head", "-c", "9"]).returncode',
        Timeout=2,
    )

    assert server.invoke("reader") == 0


def test_a_program_of_a_layer_runs_by_its_name(server: Server) -> None:
    tool = archive({"bin/transmogrify": "#!/bin/sh\necho done\n"}, executable=("bin/transmogrify",))
    server.make_function(
        "tool",
        'import subprocess\ndef handler(event, context): return subprocess.check_output(["transmogrify"], text=True)',
        Layers=[layer(server, "tool", tool)],
    )

    assert server.invoke("tool") == "done\n"


def test_functions_share_one_unpacked_layer_and_their_children_import_from_it(server: Server) -> None:
    arn = layer(server, "shared", archive({"python/shared.py": "WHERE = __file__"}))
    source = """
import subprocess, sys
def handler(event, context):
    return subprocess.check_output([sys.executable, "-c", "import shared; print(shared.WHERE)"], text=True)
"""
    for name in ("first", "second"):
        server.make_function(name, source, Layers=[arn])

    assert server.invoke("first").endswith("/python/shared.py\n")
    assert server.invoke("first") == server.invoke("second")


def test_the_emulator_s_packages_and_environment_stay_out_of_functions(server: Server) -> None:
    server.make_function(
        "clean",
        """
import importlib.util, os
def handler(event, context):
    packages = ("ministack", "hypercorn", "emulator", "boto3", "pip")
    found = [name for name in packages if importlib.util.find_spec(name)]
    return [found, [name for name in os.environ if name.startswith(("SECRET", "GATEWAY", "S3_"))]]
""",
    )

    assert server.invoke("clean") == [[], []]


def test_the_logging_module_reaches_the_log_as_on_lambda(server: Server) -> None:
    server.make_function("logs", 'import logging\ndef handler(event, context): logging.error("lost %s", "sheep")')

    answer = server.client("lambda").invoke(FunctionName="logs", LogType="Tail")

    request_id = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "[ERROR]\t" in log, request_id
    assert "\tlost sheep" in log


def test_a_silent_function_answers_without_waiting_for_a_log(server: Server) -> None:
    server.make_function("silent", "def handler(event, context): return 1")
    server.invoke("silent")
    taken_s = []
    for _ in range(15):
        started = time.perf_counter()
        server.invoke("silent")
        taken_s.append(time.perf_counter() - started)

    assert statistics.median(taken_s) < 0.045


CHILD = """
import subprocess, time
def handler(event, context):
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with open(event, "w") as file:
        print(child.pid, file=file, flush=True)
    time.sleep(600)
"""


def child_of(file: Path) -> int:
    def written() -> int:
        assert file.exists()
        assert file.read_text().strip()
        return int(file.read_text())

    return eventually(written)


def assert_gone(pid: int) -> None:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return
    # Its parent is gone too, and whoever adopted it may not have collected it yet.
    assert state == "Z", f"process {pid} is still there"


def test_a_timeout_ends_what_the_function_started(server: Server, tmp_path: Path) -> None:
    server.make_function("timeout", CHILD, Timeout=1)

    failure = server.invoke("timeout", str(tmp_path / "pid"))

    assert failure["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in failure["errorMessage"]
    pid = child_of(tmp_path / "pid")
    try:
        eventually(lambda: assert_gone(pid), within_s=1)
    except AssertionError:
        os.kill(pid, 9)
        raise


def test_a_running_invocation_outlives_a_new_configuration(server: Server, tmp_path: Path) -> None:
    server.make_function(
        "replaced",
        """
import os, time
def handler(event, context):
    if event:
        open(event, "w").close()
        time.sleep(0.7)
    return os.environ.get("VERSION", "old")
""",
    )
    marker = tmp_path / "running"
    with ThreadPoolExecutor() as threads:
        running = threads.submit(server.invoke, "replaced", str(marker))
        eventually(lambda: _assert_exists(marker))

        server.client("lambda").update_function_configuration(
            FunctionName="replaced", Environment={"Variables": {"VERSION": "new"}}
        )

        assert server.invoke("replaced") == "new"
        assert running.result() == "old"


def _assert_exists(path: Path) -> None:
    assert path.exists()


def test_code_layers_and_environment_of_a_redeployed_stack_reach_the_next_invocation(ours: Server) -> None:
    s3 = ours.client("s3")
    s3.create_bucket(Bucket="deployments")

    def resources(version: str) -> dict[str, Any]:
        source = (
            f'import os, lib\ndef handler(event, context): return ["{version}", lib.VERSION, os.environ["VERSION"]]'
        )
        s3.put_object(Bucket="deployments", Key=f"code-{version}", Body=archive({"app.py": source}))
        s3.put_object(
            Bucket="deployments", Key=f"lib-{version}", Body=archive({"python/lib.py": f'VERSION = "{version}"'})
        )
        return {
            "Library": {
                "Type": "AWS::Lambda::LayerVersion",
                "Properties": {"LayerName": "lib", "Content": {"S3Bucket": "deployments", "S3Key": f"lib-{version}"}},
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": "redeployed",
                    "Runtime": "python3.11",
                    "Handler": "app.handler",
                    "Role": "arn:aws:iam::000000000000:role/x",
                    "Code": {"S3Bucket": "deployments", "S3Key": f"code-{version}"},
                    "Layers": [{"Ref": "Library"}],
                    "Environment": {"Variables": {"VERSION": version}},
                },
            },
        }

    for version in ("1", "2", "3"):
        ours.deploy("redeployed", resources(version))

        assert ours.invoke("redeployed") == [version] * 3


@pytest.mark.parametrize(
    ("source", "handler", "error_type"),
    [
        ("import missing_module", "app.handler", "Runtime.ImportModuleError"),
        ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("", "app.handler", "Runtime.HandlerNotFound"),
        ('raise KeyError("no setting")', "app.handler", "KeyError"),
        ("import os\ndef handler(event, context): os._exit(3)", "app.handler", "Runtime.ExitError"),
        ("def handler(event, context): return object()", "app.handler", "Runtime.MarshalError"),
    ],
)
def test_a_function_that_cannot_run_says_why_as_on_lambda(
    ours: Server, source: str, handler: str, error_type: str, request: pytest.FixtureRequest
) -> None:
    name = f"broken-{abs(hash(request.node.name))}"
    ours.make_function(name, source, Handler=handler)

    assert ours.invoke(name)["errorType"] == error_type


def test_the_logs_of_old_invocations_are_dropped(server: Server) -> None:
    server.make_function("chatty", "def handler(event, context): print(event)")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: server.invoke("chatty", n), range(310)))
    server.invoke("chatty", "the last one")

    logs = server.client("logs")
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName="/aws/lambda/chatty")
    assert sum(len(page["logStreams"]) for page in pages) == 300
    found = logs.filter_log_events(logGroupName="/aws/lambda/chatty", filterPattern='"the last one"')["events"]
    assert len(found) == 1


def test_large_events_and_results_pass(ours: Server) -> None:
    ours.make_function("large", "def handler(event, context): return event * 2")

    assert ours.invoke("large", "é" * 1_000_000) == "é" * 2_000_000


def test_parallel_invocations_have_workers_of_their_own(ours: Server) -> None:
    ours.make_function(
        "parallel", "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return os.getpid()"
    )
    with ThreadPoolExecutor() as threads:
        pids = list(threads.map(lambda _: ours.invoke("parallel"), range(4)))

    assert len(set(pids)) == 4


def test_the_temporary_files_of_a_function_are_its_worker_s_own(ours: Server) -> None:
    ours.make_function("scratch", "import tempfile\ndef handler(event, context): return tempfile.gettempdir()")

    scratch = Path(ours.invoke("scratch"))

    assert scratch.is_relative_to(ours.state)
    ours.client("lambda").delete_function(FunctionName="scratch")
    assert not scratch.exists()
