"""`./millrace status`: what runs, and where."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from scripts.deployer.stack import read_stack
from scripts.deployer.target import local_target
from scripts.millrace_cli.console import out, print_json
from scripts.millrace_cli.home import STACK_NAME, Home, answers, current_home
from scripts.millrace_cli.running import running_names
from scripts.supervisor.client import current_report
from scripts.supervisor.messages import Report


class Status(TypedDict):
    """The stable contract of `status --json`: these keys, always; null (an empty object) for what is not there."""

    emulator: str | None
    api_url: str | None
    edge_url: str | None
    site_url: str | None
    rtmp_url: str | None
    media_url: str | None
    outputs: dict[str, str]


def read_status(home: Home, report: Report | None) -> Status:
    """Return where everything is right now."""
    settings = home.settings()
    running = running_names(report)
    emulator = settings.emulator_url if "emulator" in running and answers(settings.emulator_port) else None
    edge = settings.edge_url if "edge" in running and answers(settings.edge_port) else None
    return Status(
        emulator=emulator,
        api_url=f"{edge}/api" if edge else None,
        edge_url=edge,
        site_url=f"{edge}/" if edge else None,
        rtmp_url=None,
        media_url=f"{edge}/media" if edge else None,
        outputs=_outputs(emulator) if emulator else {},
    )


def _outputs(endpoint_url: str) -> dict[str, str]:
    try:
        state = read_stack(local_target(endpoint_url), STACK_NAME)
    except (ClientError, BotoCoreError):
        return {}
    return dict(state.outputs) if state else {}


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs; the keys never change.")] = False,
) -> None:
    """Show what runs, and where."""
    home = current_home()
    report = current_report(home.run_dir)
    now = read_status(home, report)
    if as_json:
        print_json(now)
        return
    if report is None:
        out.print("Millrace is not running. Start it with [bold]./millrace up[/].")
        return
    out.print(_process_table(home, report))
    out.print(_address_table(now))


def _process_table(home: Home, report: Report) -> Table:
    table = Table("process", "state", "pid", "restarts", "log", box=None, padding=(0, 2, 0, 0))
    for child in report.children:
        colour = {"running": "green", "restarting": "yellow"}.get(child.state, "red")
        pid = str(child.identity.pid) if child.identity else "-"
        log = str(home.log_dir / f"{child.name}.log")
        table.add_row(child.name, f"[{colour}]{child.state}[/]", pid, str(child.restarts), log)
    return table


def _address_table(now: Status) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    addresses = {"site": now["site_url"], "API": now["api_url"], "media": now["media_url"], "emulator": now["emulator"]}
    for name, address in addresses.items():
        table.add_row(name, address or "[red]not there[/]")
    for key, value in sorted(now["outputs"].items()):
        table.add_row(f"[dim]{key}[/]", f"[dim]{value}[/]")
    return table
