"""`./millrace up` and `./millrace down`."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from scripts.bootstrap import ensure_all
from scripts.deployer.deploy import Deployment
from scripts.deployer.layers import prebuild
from scripts.deployer.site import build_site
from scripts.deployer.target import local_target
from scripts.millrace_cli.account import credentials_file, ensure_account
from scripts.millrace_cli.api import Api
from scripts.millrace_cli.console import CommandFailed, out, step
from scripts.millrace_cli.deploying import TEMPLATE, local_parameters, publish, run_deployment
from scripts.millrace_cli.home import STACK_NAME, Home, Settings, current_home
from scripts.millrace_cli.running import ProcessFailed, all_running, check_ports, start
from scripts.supervisor import client

MIN_FREE_BYTES = 2 * 1024**3


def up(
    emulator_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The emulator's port; 0: any free one.")
    ] = None,
    edge_port: Annotated[int | None, typer.Option(min=0, max=65535, help="The site's port; 0: any free one.")] = None,
    rtmp_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port for live streams; 0: any free one.")
    ] = None,
) -> None:
    """Start the platform on this machine: emulator, stack, edge, ingest, pages, and an account for you.

    The ports default to those of the last time, then to 4566, 8080 and 1935 (MILLRACE_EMULATOR_PORT,
    MILLRACE_EDGE_PORT, MILLRACE_RTMP_PORT).
    """
    home = current_home()
    with home.locked():
        report = client.current_report(home.run_dir)
        if all_running(report) and _complete_mark(home).exists():
            out.print("Millrace is already running; nothing was changed.")
        else:
            _bring_up(home, home.choose_ports(emulator_port, edge_port, rtmp_port))
    _print_addresses(home, home.settings())


def down() -> None:
    """Stop everything. Accounts, videos and media are kept."""
    home = current_home()
    with home.locked():
        _complete_mark(home).unlink(missing_ok=True)
        left = client.leftovers(home.run_dir)
        running = client.current_report(home.run_dir)
        if left is None and running is None:
            out.print("Millrace is not running.")
            return
        with step("Stopping"):
            if left:
                client.clear_leftovers(left)
            client.shut_down(home.run_dir)


def _bring_up(home: Home, settings: Settings) -> None:
    _check_disk(home.path)
    left = client.leftovers(home.run_dir)
    if left:
        with step("Stopping what was left of a crash"):
            client.clear_leftovers(left)
    report = client.current_report(home.run_dir)
    check_ports(settings, report)
    home.save(settings)
    ensure_all(["emulator"])
    try:
        if report is None:
            client.start_supervisor(home.run_dir, home.log_dir)
        start(home, settings, {}, needs_stack=False)
        _fill(home, settings)
    except (ProcessFailed, KeyboardInterrupt):
        # Half a platform helps nobody. A failed deployment is another matter: the emulator stays, to look into it.
        if report is None:
            with step("Stopping again"):
                client.shut_down(home.run_dir)
        raise
    _complete_mark(home).touch()


def _fill(home: Home, settings: Settings) -> None:
    """Deploy the stack into the running emulator, start what serves it, and give it pages and an account."""
    target = local_target(settings.emulator_url)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # The pages take longest and nothing waits for them: they are built meanwhile.
        pages = pool.submit(build_site, _ignore)
        with step("Building the layers"):
            prebuild(TEMPLATE)
        parameters = local_parameters(TEMPLATE, settings, {})
        deployed = run_deployment(Deployment(TEMPLATE, STACK_NAME, target, parameters))
        start(home, settings, deployed.outputs, needs_stack=True)
        with step("Building the pages"):
            pages.result()
    publish(deployed, target)
    with step("Signing in to your account") as current, Api(settings.edge_url) as api:
        credentials, made = ensure_account(home, api)
        current.result = f"{credentials.email}{' (new)' if made else ''}"


def _check_disk(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(path).free
    if free < MIN_FREE_BYTES:
        raise CommandFailed(
            f"only {free / 1024**3:.1f} GB are free where {path} is, {MIN_FREE_BYTES / 1024**3:.0f} GB are needed: "
            "make room, or set MILLRACE_HOME to a folder on another disk"
        )


def _print_addresses(home: Home, settings: Settings) -> None:
    out.print(
        f"""
  Site      [bold]{settings.edge_url}/[/]
  API       {settings.edge_url}/api
  Live      {settings.rtmp_url}
  Emulator  {settings.emulator_url}
  Account   {credentials_file(home)}

  Next: [bold]./millrace upload some.mp4 --wait[/]
        ./millrace status, ./millrace logs, ./millrace down"""
    )


def _complete_mark(home: Home) -> Path:
    """Return the file that says that the last `up` came to its end."""
    return home.run_dir / "complete"


def _ignore(_line: str) -> None:
    """Take progress that nobody sees: another step holds the terminal."""
