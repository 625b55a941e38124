"""`make check`: run every check that needs no running platform; say what is wrong with each, then fail."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rich.console import Console

from scripts.checkout import ROOT
from scripts.environments import environment_python

_TYPED = ("layers/core/python/millrace", "functions", "localstack", "scripts", "tests", "benchmarks", "rtmp_ingest")
_SHOWN_LINES = 40
_PYTHONPATH = os.pathsep.join(("layers/core/python", "localstack", "."))


@dataclass(frozen=True)
class Check:
    """One check: a command that prints what is wrong and fails, or succeeds."""

    name: str
    argv: tuple[str, ...]
    # Show what it prints even when all is well.
    shows: bool = False


@dataclass(frozen=True)
class Result:
    """What a check came to."""

    passed: bool
    output: str
    took_s: float


def checks() -> tuple[Check, ...]:
    """Return every check, the slow ones first so that the others fill the gaps."""
    return (
        Check("types", _tool("mypy", "--no-pretty", *(path for path in _TYPED if any((ROOT / path).rglob("*.py"))))),
        Check("layers", _module("scripts.check_layers"), shows=True),
        Check("pages", _module("scripts.check_pages")),
        Check("template", _tool("cfn-lint", "template.yaml")),
        Check("lint", _tool("ruff", "check", "--quiet", "--output-format", "concise", ".")),
        Check("format", _tool("ruff", "format", "--quiet", "--check", "--output-format", "concise", ".")),
        Check("architecture", _tool("lint-imports", "--no-cache")),
        Check("generated API files", (str(environment_python("dev")), "scripts/generate_api.py", "--check")),
        Check("state machines", _module("scripts.check_state_machines")),
        Check("repository", _module("scripts.check_repository")),
    )


def run(check: Check) -> Result:
    """Run one check."""
    started = time.monotonic()
    environ = {**os.environ, "PYTHONPATH": _PYTHONPATH, "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        check.argv,
        check=False,
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Result(done.returncode == 0, done.stdout.rstrip(), time.monotonic() - started)


def main(names: Sequence[str]) -> int:
    """Run the named checks, or all of them."""
    console = Console(highlight=False, soft_wrap=True)
    chosen = [check for check in checks() if not names or check.name in names]
    failed = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for check, result in zip(chosen, pool.map(run, chosen), strict=True):
            sign = "[green]✓[/]" if result.passed else "[red]✗[/]"
            console.print(f"{sign} {check.name}  [dim]{result.took_s:.1f} s[/]")
            if result.output and (check.shows or not result.passed):
                console.print(_shortened(result.output), markup=False)
            if not result.passed:
                failed.append(check.name)
    if failed:
        console.print(f"[red]make check: not in order: {', '.join(failed)}[/]")
    return 1 if failed else 0


def _shortened(output: str) -> str:
    # mypy's notes list what would have been right: hundreds of lines for a client of AWS.
    lines = [line for line in output.splitlines() if ": note: " not in line]
    more = len(lines) - _SHOWN_LINES
    return "\n".join([*lines[:_SHOWN_LINES], f"… and {more} more lines"] if more > 0 else lines)


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(environment_python("dev").with_name(name)), *arguments)


def _module(name: str) -> tuple[str, ...]:
    return (str(environment_python("dev")), "-m", name)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
