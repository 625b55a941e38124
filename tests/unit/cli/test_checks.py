"""The checks of `make check` see what they are for."""

import json
from pathlib import Path

import pytest

from scripts.check_layers import violations as layer_violations
from scripts.check_repository import lock_violations, npm_lock_violations, text_violations
from scripts.check_state_machines import violations as machine_violations
from scripts.deployer.layers import BuiltLayer
from scripts.lock import LOCKS, command

HASH = "--hash=sha256:" + "0" * 64
MB = 1024 * 1024
TASK = {"Type": "Task", "TimeoutSeconds": 5, "Retry": [], "Catch": [{"Next": "Fail"}]}


@pytest.mark.parametrize(
    "text",
    [
        "index = https://" + "pypi." + "org/simple",
        "see /ro" + "ot/.ssh",
        "cd /wo" + "rk/main",
        "open('/ho" + "me/ada/film.mp4')",
        "-----BEGIN RSA PRIV" + "ATE KEY-----\n" + "A" * 64,
        "AKIA" + "A" * 16,
    ],
)
def test_hosts_machine_paths_and_secrets_are_found(text: str) -> None:
    assert [line for line, _ in text_violations("first line\n" + text)] == [2]


@pytest.mark.parametrize(
    "text", ["https://docs.aws.amazon.com", "uploads/work/x", "${ARTIFACTS}/work/", "/usr/bin/env"]
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert list(text_violations(text)) == []


def test_a_lock_has_pins_and_hashes_and_nothing_else() -> None:
    assert list(lock_violations(f"boto3==1.2 \\\n    {HASH}  # via millrace\nx[y]==1 ; os_name == 'nt' {HASH}\n")) == []
    for bad in ("boto3==1.2\n", f"boto3>=1.2 {HASH}\n", "--index-url x\n", f"x @ https://a.example/x.whl {HASH}\n"):
        assert len(list(lock_violations(bad))) == 1, bad


def test_an_npm_lock_names_no_address() -> None:
    packages = {
        "": {},
        "watch": {},
        "node_modules/good": {"integrity": "sha512-x"},
        "node_modules/watch": {"link": True, "resolved": "watch"},
        "node_modules/bad": {"resolved": "https://a.example/bad.tgz", "integrity": "sha512-x"},
        "node_modules/worse": {},
    }
    found = list(npm_lock_violations(json.dumps({"packages": packages})))
    assert found == ["node_modules/bad names an address", "node_modules/worse has no hash"]


def test_a_sound_workflow_passes() -> None:
    fail = {"Type": "Task", "TimeoutSeconds": 5, "Retry": [], "Next": "Failed"}
    states = {"Work": {**TASK, "Next": "Done"}, "Done": {"Type": "Succeed"}, "Fail": fail, "Failed": {"Type": "Fail"}}
    assert list(machine_violations({"StartAt": "Work", "States": states})) == []


@pytest.mark.parametrize(
    ("states", "meaning"),
    [
        ({"Work": {**TASK, "Next": "Gone", "Catch": []}}, "'Gone', which is no state"),
        ({"Work": {**TASK, "Catch": []}}, "neither goes on nor ends"),
        ({"Work": {"Type": "Task", "End": True, "Retry": [], "Catch": []}}, "without TimeoutSeconds"),
        ({"Work": {"Type": "Task", "End": True, "TimeoutSeconds": 5, "Catch": []}}, "without Retry"),
        ({"Work": {"Type": "Task", "End": True, "TimeoutSeconds": 5, "Retry": []}}, "without Catch"),
        ({"Work": {"Type": "Pass", "End": True}, "Lost": {"Type": "Succeed"}}, "Lost: is never reached"),
        (
            {"Work": {"Type": "Map", "End": True, "Catch": [], "ItemProcessor": {"StartAt": "A", "States": {}}}},
            "StartAt",
        ),
    ],
)
def test_a_broken_workflow_is_told_what_is_wrong(states: dict[str, object], meaning: str) -> None:
    found = list(machine_violations({"StartAt": "Work", "States": states}))
    assert any(meaning in violation for violation in found), found


def test_layers_are_held_against_the_limits_of_lambda() -> None:
    def layer(zipped: int, unzipped: int) -> BuiltLayer:
        return BuiltLayer("L", Path("l.zip"), zipped * MB, unzipped * MB)

    assert layer_violations([layer(50, 125), layer(50, 125)]) == []
    assert len(layer_violations([layer(51, 125)])) == 1
    assert len(layer_violations([layer(40, 200), layer(10, 51)])) == 1


def test_locks_are_resolved_with_hashes_and_without_an_index() -> None:
    for lock in LOCKS:
        argv = command("uv", lock, upgrade=False)
        assert {"--generate-hashes", "--universal", "--no-emit-index-url"} <= set(argv)
        assert "--upgrade" not in argv
    paths = [lock.path for lock in LOCKS]
    assert all(paths.index(other) < paths.index(lock.path) for lock in LOCKS for other in lock.agrees_with)
