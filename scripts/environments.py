"""Create the Python and Node environments under `.millrace/` from the locks. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.checkout import ROOT, tools_dir
from scripts.obtain_uv import BootstrapError, obtain_uv
from scripts.pip_settings import current_uv_environment
from scripts.stamps import digest, is_current, write_stamp

CHALICE_LOCK = ROOT / "layers" / "vendor" / "chalice.txt"


@dataclass(frozen=True)
class PackageSet:
    """What one lock puts into one environment."""

    folder: str
    lock: Path
    label: str
    with_chalice: bool = False
    includes: tuple[str, ...] = ()


PACKAGE_SETS = {
    "run": PackageSet("venv", ROOT / "requirements" / "run.txt", "the command line and the edge", with_chalice=True),
    "dev": PackageSet(
        "venv", ROOT / "requirements" / "dev.txt", "checkers and tests", with_chalice=True, includes=("run",)
    ),
    "emulator": PackageSet("emulator", ROOT / "requirements" / "emulator.txt", "the emulator"),
    "node": PackageSet("node", ROOT / "requirements" / "node.txt", "Node.js"),
}


def environment_python(name: str) -> Path:
    """Return the interpreter of a package set's environment."""
    return tools_dir() / PACKAGE_SETS[name].folder / "bin" / "python"


def base_python() -> Path:
    """Return the interpreter that every environment is made from; Lambda workers run on it bare."""
    return Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()


def is_ready(name: str) -> bool:
    """Tell whether a package set is installed as locked, reading only stamps."""
    packages = PACKAGE_SETS[name]
    folder = tools_dir() / packages.folder
    if not _is_sound(folder):
        return False
    if is_current(folder, name, _stamp(packages)):
        return True
    return any(name in other.includes and is_ready(key) for key, other in PACKAGE_SETS.items())


def ensure(name: str, say: Callable[[str], None]) -> Path:
    """Install a package set unless it is there as locked; return its interpreter."""
    python = environment_python(name)
    if is_ready(name):
        return python
    packages = PACKAGE_SETS[name]
    folder = tools_dir() / packages.folder
    uv = obtain_uv(say)
    say(f"Installing {packages.label}")
    if not _is_sound(folder):
        shutil.rmtree(folder, ignore_errors=True)
        _uv(uv, ["venv", "--quiet", "--no-project", "--python", str(base_python()), str(folder)])
    _uv(uv, [*_install(python), "-r", str(packages.lock)])
    if packages.with_chalice:
        _uv(uv, [*_install(python), "--no-deps", "-r", str(CHALICE_LOCK)])
    write_stamp(folder, name, _stamp(packages))
    return python


def _stamp(packages: PackageSet) -> str:
    return digest([packages.lock, CHALICE_LOCK] if packages.with_chalice else [packages.lock])


def _is_sound(folder: Path) -> bool:
    """Tell whether the interpreter is still the one that the environment was made with: system upgrades replace it."""
    python = folder / "bin" / "python"
    if not python.exists():
        return False
    version = re.search(r"python3\.\d+$", os.path.realpath(python))
    return version is None or (folder / "lib" / version.group()).is_dir()


def _install(python: Path) -> list[str]:
    return ["pip", "install", "--quiet", "--python", str(python), "--require-hashes"]


def _uv(uv: Path, arguments: list[str]) -> None:
    environ = current_uv_environment()
    argv = [str(uv), *arguments]
    done = subprocess.run(argv, check=False, env=environ, text=True, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode:
        # The cause stands first, and what came of it below.
        raise BootstrapError(f"uv {arguments[0]} failed: {' '.join(done.stderr.split())[:600]}")
