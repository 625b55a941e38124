"""Keep the log of each process in a file of bounded size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MAX_BYTES = 20 * 1024 * 1024
_KEPT = 3


def start_log(folder: Path, name: str) -> Path:
    """Set the last run's log aside as `<name>.log.1` and return the path of a new, empty one."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    if log.exists() and log.stat().st_size:
        _shift(log)
        log.replace(_older(log, 1))
    log.touch(mode=0o600)
    return log


def bound_log(log: Path) -> None:
    """Set the log's content aside once it is long.

    It is copied and cut, not renamed: the process has it open (for appending) and goes on writing to it.
    """
    try:
        if log.stat().st_size <= MAX_BYTES:
            return
    except FileNotFoundError:
        return
    _shift(log)
    shutil.copyfile(log, _older(log, 1))
    os.truncate(log, 0)


def last_lines(log: Path, count: int) -> list[str]:
    """Return the log's last lines that say something."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64 * 1024))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def _older(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")


def _shift(log: Path) -> None:
    for number in range(_KEPT - 1, 0, -1):
        if _older(log, number).exists():
            _older(log, number).replace(_older(log, number + 1))
