"""The ingest as a service on AWS: closed, least privileged, drained, and only there when there is an image."""

import ast
import json
import logging
from typing import Any

import pytest

from rtmp_ingest.logs import set_up_logs
from rtmp_ingest.rtmp.server import load_metric
from tests.architecture.reach.calls import actions
from tests.architecture.reach.graph import ROOT, reachable
from tests.architecture.test_template import RESOURCES, TEMPLATE, _statements, _texts

TASK: dict[str, Any] = RESOURCES["IngestTask"]["Properties"]
CONTAINER: dict[str, Any] = TASK["ContainerDefinitions"][0]
ENVIRONMENT = {item["Name"]: item["Value"] for item in CONTAINER["Environment"]}
POLICIES = RESOURCES["IngestRole"]["Properties"]["Policies"]
SERVICES = ("EC2", "ECS", "ElasticLoadBalancingV2", "ApplicationAutoScaling")


def test_without_an_image_there_is_no_service() -> None:
    parts = {name: found for name, found in RESOURCES.items() if found["Type"].split("::")[1] in SERVICES}
    assert len(parts) > 15
    for name, found in parts.items():
        assert found.get("Condition") in ("HasIngestService", "HasIngestCertificate"), name
    assert TEMPLATE["Parameters"]["IngestImage"]["Default"] == ""


def test_the_container_is_closed() -> None:
    assert CONTAINER["ReadonlyRootFilesystem"] is True
    assert CONTAINER["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    user = CONTAINER["User"]
    assert f"USER {user}" in (ROOT / "rtmp_ingest" / "Dockerfile").read_text()
    assert not user.startswith("0")


def test_the_role_lists_what_the_ingest_does_and_nothing_else() -> None:
    allowed = {action for found in _statements(POLICIES) for action in _texts(found["Action"])}
    used = {
        action
        for node, (module, statements) in reachable(ROOT / "rtmp_ingest" / "__main__.py").items()
        for action, _ in actions(node, module, statements)
    }
    # The client of S3 is handed over; what is asked of it is looked for by name.
    asked = {
        node.attr
        for path in (ROOT / "rtmp_ingest").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr.endswith(("_object", "_objects", "_object_v2", "_upload"))
    }
    assert asked == {"put_object"}
    # The agent of ECS is asked in the task's name: rtmp_ingest/protection.py.
    assert allowed == used | {"s3:PutObject", "ecs:UpdateTaskProtection"}


def test_every_setting_that_must_be_there_is_there() -> None:
    required = {
        node.args[0].value
        for path in (ROOT / "rtmp_ingest" / "settings.py", ROOT / "layers/core/python/millrace/live/edge/store.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "require"
        and isinstance(node.args[0], ast.Constant)
    }
    assert required
    assert required <= set(ENVIRONMENT)


def test_a_task_has_the_time_to_drain() -> None:
    assert float(ENVIRONMENT["INGEST_DRAIN_S"]) + 10 < CONTAINER["StopTimeout"] <= 120
    attributes = RESOURCES["IngestTargets"]["Properties"]["TargetGroupAttributes"]
    delay = next(each for each in attributes if each["Key"] == "deregistration_delay.timeout_seconds")
    assert int(delay["Value"]) == 3600


def test_the_service_scales_by_the_metric_that_the_ingest_logs(capsys: pytest.CaptureFixture[str]) -> None:
    policy = RESOURCES["IngestScalesByStreams"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    wanted = policy["CustomizedMetricSpecification"]
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        set_up_logs()
        logging.getLogger("rtmp_ingest.rtmp.server").info("load", extra=load_metric(3, 1_700_000_000_000))
        line = json.loads(capsys.readouterr().out)
    finally:
        root.handlers[:], root.level = before
    [metric] = line["_aws"]["CloudWatchMetrics"]
    assert metric["Namespace"] == wanted["Namespace"]
    assert [each["Name"] for each in metric["Metrics"]] == [wanted["MetricName"]]
    assert line[wanted["MetricName"]] == 3
    assert [{"Name": name, "Value": line[name]} for name in metric["Dimensions"][0]] == wanted["Dimensions"]
