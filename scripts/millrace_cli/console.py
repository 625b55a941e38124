"""Talk to the person at the terminal: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class CommandFailed(Exception):
    """A command cannot do what it was asked; its message is the one line that the person reads."""


class Step:
    """One step of a longer command, as it is told to the person."""

    def __init__(self, show: Callable[[str], None]) -> None:
        """Take the function that shows what goes on right now."""
        self._show = show
        self.result = ""

    def doing(self, what: str) -> None:
        """Show what the step is busy with."""
        self._show(what)


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show that a step is going on, and a line with its result and time when it is done."""
    started = time.monotonic()
    # On a terminal a spinner; into a file or a pipe only the line at the end.
    with err.status(f"{title} …") as status:
        current = Step(lambda what: status.update(f"{title}: {what} …"))
        yield current
    took = f"{time.monotonic() - started:.1f} s"
    result = f"  {current.result}" if current.result else ""
    err.print(f"[green]✓[/] {title}{result}  [dim]{took}[/]")


def print_json(value: object) -> None:
    """Print a value for programs: plain JSON, whatever the terminal can do."""
    print(json.dumps(value, indent=2))  # noqa: T201
