"""Distributed Maps of JSONata workflows get their items, their inputs and their limit.

Upstream reads `ItemsPath`, `ItemSelector` and `MaxConcurrency` of a Distributed Map as JSONPath knows them, whatever
the workflow's language: `Items` is not looked at, and "{% … %}" is passed on as it stands. Here they are evaluated
first, and the Map runs over the inputs that came out.
"""

import copy
from collections.abc import Callable
from typing import Any

from emulator import upstream

_Run = Callable[..., tuple[Any, str | None]]


def apply() -> None:
    """Evaluate what is JSONata before upstream sees it."""
    service = upstream.module("services.stepfunctions")

    def run_distributed_map(original: _Run) -> _Run:
        def run(state: Any, given: Any, effective: Any, iterator: Any, execution: Any, context: Any) -> Any:
            if service._state_query_language(state, context) != "JSONata" or "Items" not in state:
                return original(state, given, effective, iterator, execution, context)
            inputs = _inputs(service, state, given, context)
            plain = {name: state[name] for name in state if name not in {"Items", "ItemSelector", "MaxConcurrency"}}
            if "MaxConcurrency" in state:
                plain["MaxConcurrency"] = _field(service, state, "MaxConcurrency", "number", given, context)
            results, following = original(plain, given, inputs, iterator, execution, context)
            output = service._apply_jsonata_output(state, given, context, result=results, default=results)
            service._apply_state_assign(state, given, context, result=results)
            return output, following

        return run

    upstream.replace(service, "_run_distributed_map", run_distributed_map)


def _inputs(service: Any, state: Any, given: Any, context: Any) -> list[Any]:
    items = _field(service, state, "Items", "array", given, context)
    if "ItemSelector" not in state:
        return list(items)
    found = []
    for index, item in enumerate(items):
        inner = copy.deepcopy(context)
        inner["Map"] = {"Item": {"Index": index, "Value": item}}
        found.append(service._apply_jsonata_template(state["ItemSelector"], given, inner))
    return found


def _field(service: Any, state: Any, name: str, kind: str, given: Any, context: Any) -> Any:
    return service._jsonata_state_field(state, name, kind, given, context)
