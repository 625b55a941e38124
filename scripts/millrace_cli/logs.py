"""`./millrace logs`: what a function or a process of the platform wrote."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from scripts.deployer.target import Target, local_target
from scripts.millrace_cli.console import CommandFailed, out
from scripts.millrace_cli.home import STACK_NAME, Home, current_home
from scripts.millrace_cli.running import running_names
from scripts.supervisor.client import current_report
from scripts.supervisor.logs import last_lines

_POLL_S = 0.5
# A line may be stored a little after a later one: look back this far, and skip what was shown.
_OVERLAP_MS = 10_000


def logs(
    name: Annotated[
        str | None, typer.Argument(help="A function (catalog, CatalogFunction) or a process (emulator, edge).")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing what is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines to begin with.")] = 50,
) -> None:
    """Show the log of a function or a process; without a name, what there is."""
    home = current_home()
    if name is None:
        _print_names(home)
        return
    file = home.log_dir / f"{name}.log"
    if file.exists():
        written = _file_lines(file, lines, follow=follow)
    else:
        target = _emulator(home)
        written = _function_lines(target, _log_group(target, name), lines, follow=follow)
    for line in written:
        sys.stdout.write(line.rstrip("\n") + "\n")
        sys.stdout.flush()


def function_names(target: Target) -> dict[str, str]:
    """Return every name that a function goes by, and its name on AWS."""
    names = {}
    pages = target.cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                logical, physical = resource["LogicalResourceId"], resource["PhysicalResourceId"]
                short = physical.removeprefix(f"{STACK_NAME}-")
                names.update({logical: physical, physical: physical, short: physical})
    return names


def _print_names(home: Home) -> None:
    processes = sorted(file.stem for file in home.log_dir.glob("*.log"))
    out.print(f"processes: {', '.join(processes) or 'none has run yet'}")
    if "emulator" in running_names(current_report(home.run_dir)):
        names = function_names(_emulator(home))
        out.print(f"functions: {', '.join(sorted({name.removeprefix(f'{STACK_NAME}-') for name in names.values()}))}")


def _emulator(home: Home) -> Target:
    if "emulator" not in running_names(current_report(home.run_dir)):
        raise CommandFailed("the platform is not running, so there are no logs of functions: ./millrace up")
    return local_target(home.settings().emulator_url)


def _log_group(target: Target, name: str) -> str:
    names = function_names(target)
    physical = names.get(name) or names.get(name.replace("_", "-"))
    if physical is None:
        raise CommandFailed(f"there is no function or process {name!r}: ./millrace logs lists them")
    return f"/aws/lambda/{physical}"


def _file_lines(file: Path, count: int, *, follow: bool) -> Iterator[str]:
    yield from last_lines(file, count)
    if not follow:
        return
    position = file.stat().st_size
    while True:
        time.sleep(_POLL_S)
        size = file.stat().st_size
        if size < position:
            position = 0  # a new log, or one that was cut
        if size > position:
            with file.open("rb") as opened:
                opened.seek(position)
                block = opened.read(size - position)
            whole = block[: block.rfind(b"\n") + 1]
            position += len(whole)
            yield from whole.decode("utf-8", errors="replace").splitlines()


def _function_lines(target: Target, group: str, count: int, *, follow: bool) -> Iterator[str]:
    shown: dict[str, int] = {}
    first = True
    since_ms = 0
    while first or follow:
        events = _events(target, group, since_ms)
        fresh = [event for event in events if event[0] not in shown]
        for identity, time_ms, message in fresh[-count:] if first else fresh:
            moment = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone()
            yield f"{moment:%H:%M:%S} {message.rstrip()}"
            since_ms = max(since_ms, time_ms - _OVERLAP_MS)
            shown[identity] = time_ms
        shown.update({identity: time_ms for identity, time_ms, _ in fresh})
        shown = {identity: time_ms for identity, time_ms in shown.items() if time_ms >= since_ms}
        first = False
        if follow:
            time.sleep(_POLL_S)


def _events(target: Target, group: str, since_ms: int) -> list[tuple[str, int, str]]:
    """Return (identity, time, message) in the order of time."""
    events = []
    try:
        for page in target.logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since_ms):
            for event in page["events"]:
                identity = (
                    f"{event.get('logStreamName')} {event.get('eventId')} {event['timestamp']} {event['message']}"
                )
                events.append((identity, event["timestamp"], event["message"]))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise  # a function that was never called has no log group
    return sorted(events, key=lambda event: event[1])
