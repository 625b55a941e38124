"""`./millrace doctor`: tell whether this machine is fit to run the platform."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import typer

from scripts.browser import find_browser
from scripts.checkout import ROOT, tools_dir
from scripts.environments import PACKAGE_SETS, environment_python, is_ready
from scripts.millrace_cli.console import out
from scripts.millrace_cli.home import Home, current_home, is_free
from scripts.millrace_cli.processes import PROCESSES
from scripts.millrace_cli.running import running_names
from scripts.millrace_cli.up import MIN_FREE_BYTES
from scripts.supervisor.client import current_report


@dataclass(frozen=True)
class Finding:
    """What one check found; the remedy says what to do about anything but "ok"."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    fact: str
    remedy: str = ""


def doctor() -> None:
    """Check this machine: each line is ok, warn or fail, with what to do about it."""
    failed = False
    for finding in examine(current_home()):
        colour = {"ok": "green", "warn": "yellow", "fail": "red"}[finding.level]
        remedy = f"  → {finding.remedy}" if finding.remedy else ""
        out.print(f"[{colour}]{finding.level:4}[/]  {finding.subject:12} {finding.fact}{remedy}")
        failed = failed or finding.level == "fail"
    raise typer.Exit(1 if failed else 0)


def examine(home: Home) -> Iterator[Finding]:
    """Run every check."""
    checks: tuple[Callable[[Home], Iterator[Finding]], ...] = (
        _system,
        _disk,
        _ports,
        _environments,
        _ffmpeg,
        _browser,
        _emulator,
    )
    for check in checks:
        yield from check(home)


def _system(_home: Home) -> Iterator[Finding]:
    yield Finding("ok", "python", f"{platform.python_version()} ({sys.executable})")
    system = f"{platform.system()} {platform.machine()}"
    if platform.system() == "Linux" and platform.machine() in {"x86_64", "aarch64"}:
        yield Finding("ok", "system", system)
    else:
        yield Finding("warn", "system", system, "only Linux on x86_64 is tested")
    for tool in ("make", "git"):
        found = shutil.which(tool)
        yield Finding("ok", tool, found) if found else Finding("fail", tool, "not there", f"install {tool}")


def _disk(home: Home) -> Iterator[Finding]:
    place = next(folder for folder in (home.path, *home.path.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    fact = f"{free / 1024**3:.1f} GB free at {place}"
    if free < MIN_FREE_BYTES:
        yield Finding("fail", "disk", fact, "make room, or set MILLRACE_HOME to a folder on another disk")
    else:
        yield Finding("ok", "disk", fact)


def _ports(home: Home) -> Iterator[Finding]:
    settings = home.settings()
    running = running_names(current_report(home.run_dir))
    for process in PROCESSES:
        port = process.port(settings)
        if process.name in running:
            yield Finding("ok", "port", f"{port}: {process.label}, running")
        elif is_free(port):
            yield Finding("ok", "port", f"{port}: free, for {process.label}")
        else:
            remedy = f"./millrace up {process.port_flag} 0"
            yield Finding("fail", "port", f"{port}, for {process.label}, is in use by another program", remedy)


def _environments(_home: Home) -> Iterator[Finding]:
    for name, packages in PACKAGE_SETS.items():
        if is_ready(name):
            yield Finding("ok", "packages", f"{packages.label}: as locked")
        else:
            yield Finding(
                "warn", "packages", f"{packages.label}: not installed yet", "the first command that needs them does it"
            )


def _ffmpeg(_home: Home) -> Iterator[Finding]:
    layers = sorted((tools_dir() / "cache" / "layers").glob("FfmpegLayer-*.zip"), key=lambda file: file.stat().st_mtime)
    if not layers:
        yield Finding("warn", "ffmpeg", "not built yet", "./millrace up builds it")
        return
    with TemporaryDirectory() as scratch, zipfile.ZipFile(layers[-1]) as layer:
        for tool in ("ffmpeg", "ffprobe"):
            path = Path(layer.extract(f"bin/{tool}", scratch))
            path.chmod(0o755)
            yield _runs(tool, [str(path), "-version"])


def _browser(_home: Home) -> Iterator[Finding]:
    found = find_browser()
    if found:
        yield Finding("ok", "chromium", found)
    else:
        yield Finding("warn", "chromium", "not there: browser tests are left out", "apt-get install chromium")


def _emulator(_home: Home) -> Iterator[Finding]:
    if not is_ready("emulator"):
        return
    lock = (ROOT / "requirements" / "emulator.txt").read_text(encoding="utf-8")
    pinned = next(line.split("==")[1].split()[0] for line in lock.splitlines() if line.startswith("ministack=="))
    code = "import importlib.metadata as m; print(m.version('ministack'))"
    found = _output([str(environment_python("emulator")), "-c", code])
    if found == pinned:
        yield Finding("ok", "emulator", f"MiniStack {found}")
    else:
        yield Finding(
            "fail",
            "emulator",
            f"MiniStack {found or 'does not import'}",
            f"{pinned} is pinned: delete .millrace/emulator",
        )


def _runs(tool: str, argv: list[str]) -> Finding:
    said = _output(argv)
    if said:
        return Finding("ok", tool, said.splitlines()[0].split(" Copyright")[0])
    return Finding("fail", tool, "does not run on this machine", "delete .millrace/cache/layers and run ./millrace up")


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
