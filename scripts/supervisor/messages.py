"""What the supervisor is asked, what it answers, and what it writes down."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from scripts.supervisor.processes import Identity

ChildState: TypeAlias = Literal["running", "restarting", "failed", "stopped"]


@dataclass(frozen=True)
class ProcessSpec:
    """A process to keep running."""

    name: str
    argv: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)
    cwd: str = "/"
    stop_timeout_s: float = 10.0


@dataclass(frozen=True)
class ChildReport:
    """How one process is doing."""

    name: str
    state: ChildState
    identity: Identity | None
    restarts: int
    exit_code: int | None
    spec: ProcessSpec


@dataclass(frozen=True)
class Report:
    """Who supervises, and how every process is doing, in the order in which they were started."""

    supervisor: Identity
    children: tuple[ChildReport, ...]

    def child(self, name: str) -> ChildReport | None:
        """Return one process's report."""
        return next((child for child in self.children if child.name == name), None)


def write_report(file: Path, report: Report) -> None:
    """Replace the report at once: a reader sees the old or the new one."""
    scratch = file.with_suffix(".tmp")
    scratch.write_text(json.dumps(asdict(report)), encoding="utf-8")
    scratch.replace(file)


def read_report(file: Path) -> Report | None:
    """Return the last report written, None if there is none that can be read."""
    try:
        return parse_report(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def parse_report(data: dict[str, object]) -> Report:
    """Return a report from its JSON form; raise KeyError, TypeError or ValueError if it is none."""
    supervisor, children = data["supervisor"], data["children"]
    if not isinstance(supervisor, dict) or not isinstance(children, list):
        raise TypeError("not a supervisor's report")
    return Report(Identity(**supervisor), tuple(_parse_child(child) for child in children))


def parse_spec(data: dict[str, object]) -> ProcessSpec:
    """Return a process's specification from its JSON form."""
    argv = data["argv"]
    if not isinstance(argv, list):
        raise TypeError("argv is a list")
    return ProcessSpec(**{**data, "argv": tuple(argv)})  # type: ignore[arg-type]  # we wrote it


def _parse_child(data: dict[str, object]) -> ChildReport:
    identity, spec = data["identity"], data["spec"]
    if not isinstance(spec, dict):
        raise TypeError("spec is an object")
    parsed = {"identity": Identity(**identity) if isinstance(identity, dict) else None, "spec": parse_spec(spec)}
    return ChildReport(**{**data, **parsed})  # type: ignore[arg-type]  # we wrote it
