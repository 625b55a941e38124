"""Set up environments: `python3 -m scripts.bootstrap run dev emulator node`. Standard library only."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Sequence

from scripts.checkout import tools_dir
from scripts.environments import PACKAGE_SETS, ensure, is_ready
from scripts.obtain_uv import BootstrapError


def ensure_all(names: Sequence[str]) -> None:
    """Make each named environment ready, one process at a time; silent when there is nothing to do."""
    if all(is_ready(name) for name in names):
        return
    tools_dir().mkdir(parents=True, exist_ok=True)
    with (tools_dir() / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in names:
            ensure(name, say)


def say(line: str) -> None:
    """Tell progress on standard error: standard output belongs to the command."""
    sys.stderr.write(f"millrace: {line} …\n")
    sys.stderr.flush()


def main(names: Sequence[str]) -> int:
    """Set up what is named; print one line and return 1 when that cannot be done."""
    unknown = [name for name in names if name not in PACKAGE_SETS]
    if unknown:
        sys.stderr.write(f"millrace: no such environment: {', '.join(unknown)}; there are {', '.join(PACKAGE_SETS)}\n")
        return 2
    try:
        ensure_all(names)
    except BootstrapError as error:
        sys.stderr.write(f"millrace: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
