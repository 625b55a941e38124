"""`./millrace status`: what runs, and where."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer
from botocore.exceptions import BotoCoreError, ClientError

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
    rtmp = settings.rtmp_url if "ingest" in running and answers(settings.rtmp_port) else None
    return Status(
        emulator=emulator,
        api_url=f"{edge}/api" if edge else None,
        edge_url=edge,
        site_url=f"{edge}/" if edge else None,
        rtmp_url=rtmp,
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
    _print_rows(_process_rows(home, report))
    out.print()
    _print_rows(_address_rows(now))


def _process_rows(home: Home, report: Report) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("process", "state", "pid", "restarts", "log")]
    for child in report.children:
        pid = str(child.identity.pid) if child.identity else "-"
        rows.append((child.name, child.state, pid, str(child.restarts), str(home.log_dir / f"{child.name}.log")))
    return rows


def _address_rows(now: Status) -> list[tuple[str, ...]]:
    addresses = {
        "site": now["site_url"],
        "API": now["api_url"],
        "media": now["media_url"],
        "live": now["rtmp_url"],
        "emulator": now["emulator"],
    }
    outputs = sorted(now["outputs"].items())
    return [(name, address or "not there") for name, address in (*addresses.items(), *outputs)]


def _print_rows(rows: list[tuple[str, ...]]) -> None:
    """Print columns without a frame and without cutting anything, so that a line can be copied."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.print("  ".join(cells).rstrip(), markup=False)
