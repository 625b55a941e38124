"""The stack's own rules: least privilege, failure paths, nothing forgotten."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, kept as plain values."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_tag)

TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
# The one state that every failure of a workflow leads to.
FAILURE_PATHS = {"transcode": "Fail video", "settle": "Unsettled"}
# What a video can do without: when it fails, the workflow goes on there.
DISPENSABLE = {"Make pictures": "Make poster"}
WORKFLOWS = sorted((ROOT / "statemachines").glob("*.asl.json"))


def _of_type(kind: str) -> dict[str, Any]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


def _statements(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "Effect" in node:
            yield node
        for value in node.values():
            yield from _statements(value)
    elif isinstance(node, list):
        for value in node:
            yield from _statements(value)


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_role_may_do_everything_or_act_on_everything() -> None:
    for name, resource in RESOURCES.items():
        if resource["Type"] == "AWS::KMS::Key":
            continue  # In a key policy "*" means the key itself, and the account has to administer it.
        for statement in _statements(resource):
            assert "*" not in _texts(statement["Action"]), name
            assert not any(str(action).endswith(":*") for action in _texts(statement["Action"])), name
            # Who may take on a role is said without a resource.
            assert "*" not in _texts(statement.get("Resource", [])), name


def test_every_function_has_its_folder_its_own_policies_and_a_log_group_that_ends() -> None:
    logged = {str(properties["LogGroupName"]["Sub"]) for properties in _of_type("AWS::Logs::LogGroup").values()}
    functions = _of_type("AWS::Serverless::Function")
    for name, properties in functions.items():
        folder = properties["CodeUri"].strip("/").split("/")[-1]
        assert (ROOT / "functions" / folder / "app.py").is_file()
        assert name == "".join(word.capitalize() for word in folder.split("_")) + "Function"
        assert "Policies" in properties, f"{name} does not say what it may do; nothing is []"
        assert f"/aws/lambda/{properties['FunctionName']['Sub']}" in logged, f"{name} would log for ever"
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert folders == {properties["CodeUri"].strip("/").split("/")[-1] for properties in functions.values()}


def test_functions_started_by_events_have_somewhere_for_failures_to_go() -> None:
    for name, properties in _of_type("AWS::Serverless::Function").items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "EventBridgeRule":
                assert "DeadLetterQueue" in properties, name
                assert "DeadLetterConfig" in event["Properties"], name


def test_buckets_are_closed_encrypted_and_owned() -> None:
    for name, properties in _of_type("AWS::S3::Bucket").items():
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert properties["BucketEncryption"], name


def test_throttled_routes_are_routes() -> None:
    paths = json.loads((ROOT / "docs" / "api" / "gateway.json").read_text())["paths"]
    settings = RESOURCES["Api"]["Properties"]["MethodSettings"]
    throttled = [found for found in settings if found["ResourcePath"] != "/*"]
    assert throttled
    for found in throttled:
        path = found["ResourcePath"].removeprefix("/").replace("~1", "/")
        assert found["HttpMethod"].lower() in paths.get(path, {}), found["ResourcePath"]


def test_only_the_public_prefix_of_media_is_served_without_cookies() -> None:
    config = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]
    behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    of_media = [behavior for behavior in behaviors if behavior["TargetOriginId"] == "media"]
    # An address may be spelled in many ways, so what is open is named, never what is closed alone.
    assert {found["PathPattern"] for found in of_media if "TrustedKeyGroups" not in found} == {"/media/public/*"}


def test_only_the_public_prefix_of_live_playlists_is_served_without_cookies() -> None:
    behaviors = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]["CacheBehaviors"]
    of_streams = {found["PathPattern"]: found for found in behaviors if found["PathPattern"].startswith("/live/")}
    assert {pattern for pattern, found in of_streams.items() if "TrustedKeyGroups" not in found} == {"/live/public/*"}
    assert set(of_streams) == {"/live/public/*", "/live/private/*"}


def test_what_is_missing_for_a_moment_is_not_missing_in_caches() -> None:
    config = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]
    kept_s = {found["ErrorCode"]: found["ErrorCachingMinTTL"] for found in config["CustomErrorResponses"]}
    # S3 answers 403 for what it does not have, and a player may ask for a part a moment too early.
    assert {kept_s[code] for code in (400, 403, 404)} == {0}


def test_the_gateway_may_invoke_every_function_that_the_api_names() -> None:
    body = (ROOT / "docs" / "api" / "gateway.json").read_text()
    invoked = set(re.findall(r"functions/\$\{(\w+)\.Arn\}", body))
    allowed = {properties["FunctionName"]["Ref"] for properties in _of_type("AWS::Lambda::Permission").values()}
    assert invoked
    assert invoked <= allowed


def _tasks(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        for name, state in node.get("States", {}).items():
            if state["Type"] == "Task":
                yield name, state
        for value in node.values():
            yield from _tasks(value)
    elif isinstance(node, list):
        for value in node:
            yield from _tasks(value)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_task_of_a_workflow_has_a_timeout_and_retries(path: Path) -> None:
    tasks = list(_tasks(json.loads(path.read_text())))
    assert tasks
    for name, state in tasks:
        assert state["TimeoutSeconds"] > 0, name
        assert state["Retry"], name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_failure_at_the_top_of_a_workflow_takes_its_failure_path(path: Path) -> None:
    states = json.loads(path.read_text())["States"]
    fallible = {name: state for name, state in states.items() if state["Type"] in {"Task", "Parallel", "Map"}}
    failure_path = FAILURE_PATHS[path.name.removesuffix(".asl.json")]
    for name, state in fallible.items():
        if name == failure_path:
            continue
        if name in DISPENSABLE:
            assert [catch["Next"] for catch in state["Catch"]] == [DISPENSABLE[name]], name
            continue
        assert [catch["Next"] for catch in state["Catch"]] == [failure_path], name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_step_outlives_its_function_by_nothing(path: Path) -> None:
    timeouts = {
        name.removesuffix("Function"): properties.get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
        for name, properties in _of_type("AWS::Serverless::Function").items()
    }
    for name, state in _tasks(json.loads(path.read_text())):
        function = state["Arguments"]["FunctionName"].strip("${}")
        assert state["TimeoutSeconds"] >= timeouts[function], name


def test_every_function_that_knows_token_keys_knows_all_of_them() -> None:
    """A function that a rotation forgets would sign people out."""
    wanted = TEMPLATE["Resources"]["AuthFunction"]["Properties"]["Environment"]["Variables"]["TOKEN_KEY_IDS"]
    assert "SecondTokenKey" in str(wanted)
    for name, properties in _of_type("AWS::Serverless::Function").items():
        variables = properties.get("Environment", {}).get("Variables", {})
        if "TOKEN_KEY_IDS" in variables:
            assert variables["TOKEN_KEY_IDS"] == wanted, name
            assert "SecondTokenKey" in str([s for s in _statements(properties) if "kms:GetPublicKey" in s["Action"]]), (
                name
            )
