"""Every function's role against its code: nothing that it cannot use, and everything that it can."""

from pathlib import Path
from typing import Any

import pytest

from tests.architecture.reach.calls import actions, tables
from tests.architecture.reach.graph import ROOT, load, reachable
from tests.architecture.test_template import _of_type, _statements, _texts

FUNCTIONS: dict[str, dict[str, Any]] = _of_type("AWS::Serverless::Function")
# What Lambda does in the function's name to fetch its events.
POLLED = {"SQS": frozenset({"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"})}


def used(folder: Path) -> tuple[set[str], dict[str, set[str]]]:
    """Return the actions that the function's code can ask for, and of DynamoDB's which on what table's setting."""
    everything: set[str] = set()
    by_table: dict[str, set[str]] = {}
    for node, (module, statements) in reachable(folder / "app.py").items():
        for action, store in actions(node, module, statements):
            everything.add(action)
            for setting in _tables_of(store):
                by_table.setdefault(setting, set()).add(action)
    return everything, by_table


def granted(properties: dict[str, Any]) -> tuple[set[str], dict[str, set[str]]]:
    """Return the same of the function's role; tables by the setting that holds their name."""
    settings = properties.get("Environment", {}).get("Variables", {})
    named = {str(value["Ref"]): name for name, value in settings.items() if isinstance(value, dict) and "Ref" in value}
    everything: set[str] = set()
    by_table: dict[str, set[str]] = {}
    for statement in _statements(properties.get("Policies", [])):
        found = {str(action) for action in _texts(statement["Action"])}
        everything |= found
        for resource in _texts(statement["Resource"]):
            text = str(resource)
            for logical_id, setting in named.items():
                if f"'{logical_id}.Arn'" in text or f"${{{logical_id}.Arn}}" in text:
                    by_table.setdefault(setting, set()).update(a for a in found if a.startswith("dynamodb:"))
    return everything, {setting: found for setting, found in by_table.items() if found}


def _tables_of(store: str) -> frozenset[str]:
    """Return the settings of a store's tables; one without any works on those of the stores that it imports."""
    module = load(store) if store else None
    if module is None:
        return frozenset()
    others = {target[0] for target in module.imports.values() if isinstance(target, tuple) and target[0] != store}
    others |= {".".join(target) for target in module.imports.values() if isinstance(target, tuple)}
    others |= {name + ".store" for name in others}
    return tables(module).union(
        *(_tables_of(name) for name in others if name.startswith("millrace.") and _is_store(name))
    )


def _is_store(name: str) -> bool:
    return name.endswith(".store") and name != "millrace.platform.store" and load(name) is not None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_role_lists_the_actions_that_its_code_uses_and_no_other(name: str) -> None:
    properties = FUNCTIONS[name]
    allowed, allowed_by_table = granted(properties)
    wanted, wanted_by_table = used(ROOT / properties["CodeUri"])
    for event in properties.get("Events", {}).values():
        wanted |= POLLED.get(event["Type"], frozenset())
    assert allowed - wanted == set(), f"{name} may do what its code never does"
    assert wanted - allowed == set(), f"{name} may not do what its code does"
    for setting, found in allowed_by_table.items():
        assert found - wanted_by_table.get(setting, set()) == set(), (
            f"{name} may do more to {setting} than its code does"
        )


def test_the_comparison_sees_what_code_does(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "from millrace.platform import clients\n"
        "from millrace.platform.limits import spend\n"
        "def handler(event, context):\n"
        "    s3 = clients.s3()\n"
        "    for page in s3.get_paginator('list_objects_v2').paginate():\n"
        "        s3.copy_object()\n"
        "    spend([], address='', caller=None, body=None)\n"
        "def never():\n"
        "    from millrace.platform.events import publish\n"
        "    publish()\n"
    )
    everything, by_table = used(tmp_path)
    assert everything == {
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "dynamodb:UpdateItem",
        "events:PutEvents",
    }
    assert by_table == {"LIMITS_TABLE": {"dynamodb:UpdateItem"}}


def test_a_function_has_the_settings_that_its_limits_and_keys_need() -> None:
    for name, properties in FUNCTIONS.items():
        source = (ROOT / properties["CodeUri"] / "app.py").read_text()
        settings = set(properties.get("Environment", {}).get("Variables", {}))
        if "limits=" in source:
            assert {"LIMITS_TABLE", "LIMIT_SCALE", "ORIGIN_SECRET"} <= settings, name
        if "idempotent=True" in source:
            assert "ANSWERS_TABLE" in settings, name
