"""CPU time of a process and everything that it ever started."""

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree_cpu_s(pid: int) -> float:
    """Return user and system seconds of the process and its descendants, ended ones included.

    A parent that waited for a child carries the child's time (getrusage(2), RUSAGE_CHILDREN).
    """
    total = 0.0
    for process in _tree(pid):
        fields = _stat(process)
        if fields:
            total += sum(int(field) for field in fields[11:15]) / _TICKS_PER_S
    return total


def descendants(root: int) -> dict[int, int]:
    """Return the processes that the process and its children started, each with its parent."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: dict[int, int] = {}
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        for child in children.get(parent, ()):
            found[child] = parent
            waiting.append(child)
    return found


def _tree(root: int) -> list[int]:
    return [root, *descendants(root)]


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the command's name, which may itself hold spaces."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
