"""Get uv, which installs everything else. Standard library only.

A fresh Debian has python3 but neither pip nor ensurepip (they are packages of their own), and we are not root. So
take the first way that is open: uv on PATH; a private environment by ensurepip; the system's pip; Debian's package
of the pip wheel, downloaded and unpacked without installing it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.checkout import ROOT, tools_dir
from scripts.stamps import digest, is_current, write_stamp

LOCK = ROOT / "requirements" / "uv.txt"
_OLDEST_UV = (0, 6, 0)
_TIMEOUT_S = 600


class BootstrapError(Exception):
    """Tell in one line what stops the set-up, and what to do about it."""


def obtain_uv(say: Callable[[str], None]) -> Path:
    """Return the path of a usable uv, installing it under `.millrace/uv` if there is none."""
    on_path = shutil.which("uv")
    if on_path and uv_version(on_path) >= _OLDEST_UV:
        return Path(on_path)
    folder = tools_dir() / "uv"
    binary = folder / "bin" / "uv"
    stamp = digest([LOCK])
    if is_current(folder, "uv", stamp) and binary.exists():
        return binary
    say("Getting uv, the package installer")
    reasons = []
    for way in (_by_ensurepip, _by_pip, _by_debian_package):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            way(folder)
        except (OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{way.__name__.removeprefix('_by_')}: {_reason(error)}")
            continue
        if binary.exists():
            write_stamp(folder, "uv", stamp)
            return binary
        reasons.append(f"{way.__name__.removeprefix('_by_')}: no uv came of it")
    shutil.rmtree(folder, ignore_errors=True)
    raise BootstrapError(
        "uv could not be installed: install python3-venv or python3-pip (or put uv on PATH), check that the package "
        "index is reachable, then run this again. Tried " + "; ".join(reasons)
    )


def uv_version(binary: str) -> tuple[int, ...]:
    """Return the version of a uv binary, (0,) when it does not say."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return (0,)
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(int(number) for number in found.groups()) if found else (0,)


def _by_ensurepip(folder: Path) -> None:
    """Make a private environment and let its own pip install uv there."""
    _run([sys.executable, "-c", "import ensurepip"])
    _run([sys.executable, "-m", "venv", str(folder)])
    _run([str(folder / "bin" / "python"), *_pip_install(None)])


def _by_pip(folder: Path) -> None:
    """Let the system's pip install uv into the folder; `--target` is allowed where the system is externally managed."""
    _run([sys.executable, *_pip_install(folder)])


def _by_debian_package(folder: Path) -> None:
    """Unpack Debian's pip wheel, run pip from it, and throw it away."""
    scratch = folder / "debian"
    scratch.mkdir()
    options: list[str] = []
    try:
        _run(["apt-get", "download", "python3-pip-whl"], cwd=scratch)
    except subprocess.SubprocessError:
        # No package lists, as in a fresh image, or stale ones: fetch our own beside the system's, which need root.
        for private in ("lists/partial", "cache/archives/partial"):
            (scratch / private).mkdir(parents=True)
        options = ["-o", f"Dir::State::lists={scratch / 'lists'}", "-o", f"Dir::Cache={scratch / 'cache'}"]
        _run(["apt-get", "-q", *options, "update"], cwd=scratch)
        _run(["apt-get", "-q", *options, "download", "python3-pip-whl"], cwd=scratch)
    for package in scratch.glob("python3-pip-whl_*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(scratch / "unpacked")])
    wheels = sorted(scratch.glob("unpacked/usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise FileNotFoundError("Debian's python3-pip-whl has no pip wheel")
    _run([sys.executable, *_pip_install(folder)], environ={**os.environ, "PYTHONPATH": str(wheels[-1])})
    shutil.rmtree(scratch)


def _pip_install(target: Path | None) -> list[str]:
    where = ["--target", str(target)] if target else []
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:"]
    return ["-m", "pip", "install", *options, "--require-hashes", "-r", str(LOCK), *where]


def _run(argv: list[str], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> None:
    subprocess.run(
        argv,
        cwd=cwd,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = str(error.stderr or error.stdout or "").strip().splitlines()
        return lines[-1] if lines else f"exit code {error.returncode}"
    return str(error)
