"""CloudFormation refuses resources that wait for each other, and no linter sees through the included API body."""

import json
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest

from tests.architecture.test_template import RESOURCES, ROOT

GATEWAY = "docs/api/gateway.json"
_NAME = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")


def _named(node: Any) -> Iterator[str]:
    """Yield the names that a part of the template refers to, by Ref, GetAtt, Sub or DependsOn."""
    if isinstance(node, dict):
        for key, value in node.items():
            match key.removeprefix("Fn::"):
                case "Ref":
                    yield str(value)
                case "GetAtt":
                    yield (value if isinstance(value, str) else str(value[0])).split(".")[0]
                case "Sub":
                    yield from _NAME.findall(value if isinstance(value, str) else str(value[0]))
                case "DependsOn":
                    yield from [value] if isinstance(value, str) else value
            yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)


def _graph() -> dict[str, set[str]]:
    included = json.loads((ROOT / GATEWAY).read_text())
    return {
        name: {
            found for found in _named([resource, included if GATEWAY in str(resource) else []]) if found in RESOURCES
        }
        for name, resource in RESOURCES.items()
    }


def test_no_resources_wait_for_each_other() -> None:
    graph = _graph()
    assert "CatalogFunction" in graph["Api"], "the included body is part of the API"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))
