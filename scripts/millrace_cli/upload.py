"""`./millrace upload`: put a film on the platform."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from scripts.millrace_cli.account import sign_in
from scripts.millrace_cli.api import Api, ApiRefused, Json
from scripts.millrace_cli.console import CommandFailed, err, out, print_json
from scripts.millrace_cli.home import Home, current_home
from scripts.millrace_cli.running import running_names
from scripts.millrace_cli.transfer import Memory, send
from scripts.supervisor.client import current_report

Visibility: TypeAlias = Literal["public", "private"]
_POLL_S = 0.5
# A restart of the emulator takes seconds; whoever waits for a film should not notice.
_OUTAGE_S = 60
_SERVER_ERROR = 500


def upload(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The film.")],
    title: Annotated[str | None, typer.Option(help="Its title (default: the file's name).")] = None,
    visibility: Annotated[Visibility, typer.Option(help="Who may watch it.")] = "public",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it can be watched.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the video for programs.")] = False,
    api_url: Annotated[
        str | None, typer.Option(envvar="MILLRACE_URL", help="Another platform's address (default: this machine's).")
    ] = None,
    email: Annotated[
        str | None, typer.Option(envvar="MILLRACE_EMAIL", help="Your account (default: the local one).")
    ] = None,
    password: Annotated[
        str | None, typer.Option(envvar="MILLRACE_PASSWORD", help="Its password; better in the environment.")
    ] = None,
) -> None:
    """Upload a film in parallel parts, going on where a broken upload stopped.

    With --wait, ends by printing the addresses that a player can open, or with exit code 1 and the reason.
    """
    home = current_home()
    site_url = api_url.rstrip("/") if api_url else _local_url(home)
    with Api(site_url) as api:
        sign_in(home, api, email, password)
        video = _send(home, api, file, title or file.stem, visibility)
        if wait:
            video = _await_ready(api, video)
    if as_json:
        print_json(video)
    elif video["state"] != "failed":
        _print_video(video, site_url=site_url, waited=wait)
    if video["state"] == "failed":
        raise CommandFailed(f"{file.name}: {(video.get('failure') or {}).get('message', 'it could not be processed')}")


def _send(home: Home, api: Api, file: Path, title: str, visibility: str) -> Json:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(f"Uploading {file.name}", total=file.stat().st_size)
        draft = {"title": title, "filename": file.name, "visibility": visibility}
        return send(api, Memory(home.path / "uploads"), file, draft, lambda count: progress.advance(task, count))


def _await_ready(api: Api, video: Json) -> Json:
    """Show state and progress until the video is ready or failed."""
    columns = (TextColumn("{task.description:12}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(video["state"], total=100)
        told: tuple[str, int] | None = None
        while video["state"] not in {"ready", "failed"}:
            time.sleep(_POLL_S)
            video = _look(api, video["video_id"])
            progress.update(task, description=video["state"], completed=video["progress_percent"])
            if not err.is_terminal and (video["state"], video["progress_percent"]) != told:
                told = (video["state"], video["progress_percent"])
                err.print(f"{told[0]} {told[1]} %", markup=False)
    return video


def _look(api: Api, video_id: str) -> Json:
    """Ask for the video, again and again while the platform restarts: nothing is lost then, it only does not answer."""
    deadline_s = time.monotonic() + _OUTAGE_S
    while True:
        try:
            return api.request("GET", f"/api/videos/{video_id}")
        except CommandFailed as failed:
            refused = isinstance(failed, ApiRefused) and failed.status < _SERVER_ERROR
            if refused or time.monotonic() > deadline_s:
                raise
        time.sleep(_POLL_S)


def _print_video(video: Json, *, site_url: str, waited: bool) -> None:
    out.print(f"[bold]{video['title']}[/]  {video['video_id']}  {video['state']}")
    playback = video.get("playback")
    if playback:
        out.print(f"  {'Watch':7} {site_url}/watch/{video['video_id']}")
        for name, key in (("HLS", "hls_url"), ("DASH", "dash_url"), ("poster", "poster_url")):
            out.print(f"  {name:7} {playback[key]}")
        if video.get("visibility") == "private":
            out.print("  It is private: these open with the cookies that POST /api/videos/ID/playback sets.")
    elif not waited:
        out.print("  It is being processed; --wait waits for it.")


def _local_url(home: Home) -> str:
    if "edge" not in running_names(current_report(home.run_dir)):
        raise CommandFailed("the platform is not running: start it with ./millrace up")
    return home.settings().edge_url
