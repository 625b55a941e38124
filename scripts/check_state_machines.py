"""Check the workflows: JSON that parses, states that exist, and a way out of every failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.checkout import ROOT

Machine = dict[str, Any]


def violations(machine: Machine, path: str = "", *, inside: bool = False) -> Iterator[str]:
    """Yield what is wrong with a workflow, each with the place where it is.

    Inside a Map or Parallel state the enclosing state's Catch stands for those within.
    """
    states = machine.get("States", {})
    if machine.get("StartAt") not in states:
        yield f"{path or 'machine'}: StartAt names {machine.get('StartAt')!r}, which is no state"
    reached = {machine.get("StartAt")}
    # What handles a failure cannot hand its own failure to anybody.
    handlers = {rule["Next"] for state in states.values() for rule in state.get("Catch", [])}
    for name, state in states.items():
        place = f"{path}/{name}"
        targets = list(_targets(state))
        reached.update(targets)
        yield from (f"{place}: goes on to {target!r}, which is no state" for target in targets if target not in states)
        yield from _state_violations(state, place, caught=inside or name in handlers)
    yield from (f"{path}/{name}: is never reached" for name in states if name not in reached)


def _state_violations(state: Machine, place: str, *, caught: bool) -> Iterator[str]:
    kind = state.get("Type")
    if kind not in {"Succeed", "Fail", "Choice"} and "Next" not in state and not state.get("End"):
        yield f"{place}: neither goes on nor ends"
    if kind == "Task":
        yield from (f"{place}: a Task without {field}" for field in ("TimeoutSeconds", "Retry") if field not in state)
    if kind in {"Task", "Map", "Parallel"} and not caught and "Catch" not in state:
        yield f"{place}: a {kind} without Catch"
    nested = [state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", [])]
    for number, part in enumerate(part for part in nested if part):
        yield from violations(part, f"{place}[{number}]", inside=True)


def _targets(state: Machine) -> Iterator[str]:
    if "Next" in state:
        yield state["Next"]
    if "Default" in state:
        yield state["Default"]
    for rule in (*state.get("Choices", []), *state.get("Catch", [])):
        yield rule["Next"]


def check_file(file: Path) -> list[str]:
    """Return what is wrong with a workflow's file."""
    try:
        machine = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        return [f"not JSON: {error}"]
    return list(violations(machine))


def main() -> int:
    """Check every workflow."""
    failed = False
    for file in sorted((ROOT / "statemachines").glob("*.asl.json")):
        for violation in check_file(file):
            print(f"{file.name}: {violation}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
