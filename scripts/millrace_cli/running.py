"""Start the platform's processes and wait until they work."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx

from scripts.millrace_cli.console import CommandFailed, step
from scripts.millrace_cli.home import Home, Settings, is_free
from scripts.millrace_cli.processes import PROCESSES, Process
from scripts.supervisor import client
from scripts.supervisor.logs import last_lines
from scripts.supervisor.messages import Report


class ProcessFailed(CommandFailed):
    """A process died or never answered."""


def running_names(report: Report | None) -> set[str]:
    """Return which processes run."""
    return {child.name for child in report.children if child.state == "running"} if report else set()


def all_running(report: Report | None) -> bool:
    """Tell whether every process of the platform runs."""
    return running_names(report) >= {process.name for process in PROCESSES}


def check_ports(settings: Settings, report: Report | None) -> None:
    """Raise CommandFailed, naming the port and the way out, if a process that is to be started finds its port taken."""
    running = running_names(report)
    for process in PROCESSES:
        port = process.port(settings)
        if process.name not in running and not is_free(port):
            raise CommandFailed(
                f"port {port} of {process.label} is in use by another program: end that, "
                f"or choose another port with {process.port_flag} PORT (0 for any free one)"
            )


def start(home: Home, settings: Settings, outputs: Mapping[str, str], *, needs_stack: bool) -> None:
    """Start the processes of one phase that do not run as they should, each healthy before the next."""
    for process in PROCESSES:
        if process.needs_stack is not needs_stack:
            continue
        spec = process.spec(home, settings, outputs)
        report = client.current_report(home.run_dir)
        child = report.child(process.name) if report else None
        if child and child.state == "running" and child.spec == spec:
            continue
        with step(f"Starting {process.label}") as current:
            client.start_process(home.run_dir, spec)
            _await_health(home, settings, process)
            current.result = f"port {process.port(settings)}"


def _await_health(home: Home, settings: Settings, process: Process) -> None:
    deadline = time.monotonic() + process.start_timeout_s
    url = process.health_url(settings)
    while time.monotonic() < deadline:
        _raise_if_dead(home, process)
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise ProcessFailed(f"{process.label} does not answer: see {home.log_dir / process.name}.log")


def _raise_if_dead(home: Home, process: Process) -> None:
    """Give up at the first death: what dies while it starts will not do better the next time."""
    report = client.current_report(home.run_dir)
    child = report.child(process.name) if report else None
    if child is not None and child.exit_code is None and child.state == "running":
        return
    log = home.log_dir / f"{process.name}.log"
    said = [line for line in last_lines(log, 5) if not line.startswith("supervisor: ")]
    code = child.exit_code if child else None
    reason = f": {said[-1].strip()}" if said else ""
    raise ProcessFailed(f"{process.label} ended with exit code {code} while starting{reason} (see {log})")
