"""End a process and everything that it started.

A process group is not enough: whoever runs ffmpeg well puts it into a group of its own. So the tree is walked,
from the parent links that Linux keeps in /proc; elsewhere only the group is reached.

Workers import this module while a caller waits for them: pathlib alone would add a fifth to a cold start.
"""

import contextlib
import os
import signal

# A tree that still grows after so many looks is stopped from the top down anyway.
_MOST_LOOKS = 10


def kill_tree(pid: int) -> None:
    """Kill a process that leads its own group, its group, and its descendants wherever they are."""
    _send(pid, signal.SIGSTOP)
    kill_descendants(pid)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    _send(pid, signal.SIGKILL)


def kill_descendants(pid: int) -> None:
    """Kill all that a process has started, directly or not, and leave the process itself."""
    found: set[int] = set()
    for _ in range(_MOST_LOOKS):
        fresh = descendants(pid) - found
        if not fresh:
            break
        # A stopped process cannot start another one between this look and the kill.
        for child in fresh:
            _send(child, signal.SIGSTOP)
        found |= fresh
    for child in found:
        _send(child, signal.SIGKILL)


def descendants(pid: int) -> set[int]:
    """Return the processes below a process; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents().items():
        children.setdefault(parent, []).append(child)
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _parents() -> dict[int, int]:
    parents: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for entry in os.listdir("/proc"):  # noqa: PTH208
            if entry.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as stat:  # noqa: PTH123
                    # The command, in parentheses, may hold anything: the fields are counted after it.
                    parents[int(entry)] = int(stat.read().rpartition(b")")[2].split()[1])
    return parents


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
