"""Resolve the dependency groups of pyproject.toml into locks: every version pinned, every file hashed, no host named.

Standard library only: it runs on a plain Python.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.bootstrap import say
from scripts.checkout import ROOT
from scripts.obtain_uv import BootstrapError, obtain_uv
from scripts.pip_settings import current_uv_environment


@dataclass(frozen=True)
class Lock:
    """One lock file: the group it resolves, and the locks that it must agree with."""

    group: str
    path: str
    agrees_with: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


_VENDOR = "layers/vendor/requirements.txt"
_FFMPEG = "layers/ffmpeg/requirements.txt"
_SEARCH = "layers/search/requirements.txt"
_RUN = "requirements/run.txt"

# In this order: one that agrees with another comes after it.
LOCKS = (
    Lock("vendor", _VENDOR),
    Lock("chalice", "layers/vendor/chalice.txt", options=("--no-deps",)),
    Lock("ffmpeg", _FFMPEG),
    Lock("search", _SEARCH),
    Lock("run", _RUN, agrees_with=(_VENDOR,)),
    Lock("ingest", "requirements/ingest.txt", agrees_with=(_RUN,)),
    Lock("dev", "requirements/dev.txt", agrees_with=(_RUN, _FFMPEG, _SEARCH)),
    Lock("emulator", "requirements/emulator.txt"),
    Lock("node", "requirements/node.txt"),
    Lock("uv", "requirements/uv.txt"),
)


def command(uv: str, lock: Lock, *, upgrade: bool) -> list[str]:
    """Return the command that writes one lock."""
    constraints = [word for path in lock.agrees_with for word in ("--constraint", path)]
    return [
        *(uv, "pip", "compile", "--quiet", "pyproject.toml", "--group", lock.group, "--output-file", lock.path),
        # One lock for every platform and every Python from ours on; hashes so that nothing else can be installed.
        *("--universal", "--python-version", "3.11", "--generate-hashes"),
        # The index is the user's own business.
        *("--no-emit-index-url", "--no-emit-find-links", "--no-header"),
        *(("--upgrade",) if upgrade else ()),
        *constraints,
        *lock.options,
    ]


def main(arguments: Sequence[str]) -> int:
    """Write every lock."""
    try:
        uv = str(obtain_uv(say))
    except BootstrapError as error:
        sys.stderr.write(f"millrace: {error}\n")
        return 1
    for lock in LOCKS:
        say(f"Locking {lock.path}")
        argv = command(uv, lock, upgrade="--upgrade" in arguments)
        if subprocess.run(argv, check=False, cwd=ROOT, env=current_uv_environment()).returncode:
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
