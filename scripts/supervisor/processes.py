"""Look at processes through /proc: who is whose child, and is this still the process that it was."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_KILL_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    # In clock ticks since the machine started, with the boot's own id: numbers are reused, this pair is not.
    start_ticks: int
    boot_id: str


@dataclass(frozen=True)
class _Entry:
    pid: int
    state: str
    parent: int
    session: int
    start_ticks: int


def identify(pid: int) -> Identity | None:
    """Return the process's identity, None if it is gone or only its exit code is left."""
    entry = _read(pid)
    return Identity(pid, entry.start_ticks, _boot_id()) if entry and entry.state != "Z" else None


def is_alive(identity: Identity) -> bool:
    """Tell whether this very process still runs."""
    return identify(identity.pid) == identity


def family(roots: Iterable[int]) -> set[int]:
    """Return the living processes that descend from the given ones or share a session with one, and those themselves.

    Our children lead sessions of their own, so whoever is in such a session was started by them, even when its
    parent has died meanwhile.
    """
    entries = [entry for entry in map(_read, _pids()) if entry and entry.state != "Z"]
    found = set(roots)
    sessions = set(found)
    while True:
        more = {e.pid for e in entries if e.pid not in found and (e.parent in found or e.session in sessions)}
        if not more:
            return {entry.pid for entry in entries if entry.pid in found}
        found |= more


def children(pid: int) -> set[int]:
    """Return the living direct children of a process."""
    return {entry.pid for entry in map(_read, _pids()) if entry and entry.parent == pid and entry.state != "Z"}


def kill_all(pids: Iterable[int]) -> None:
    """Kill processes, whether they are still there or not, and see them gone."""
    doomed = [identity for pid in pids if (identity := identify(pid))]
    for identity in doomed:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(identity.pid, signal.SIGKILL)
    # Only a process that waits for a broken disk outlives this; nothing more can be done about it.
    deadline = time.monotonic() + _KILL_TIMEOUT_S
    while any(map(is_alive, doomed)) and time.monotonic() < deadline:
        time.sleep(0.005)


def stop(identity: Identity, timeout_s: float) -> None:
    """Ask a process that is not our child to end, then kill what is left of it and of what it started."""
    kin = {found for pid in family_of(identity) if (found := identify(pid))}
    if is_alive(identity):
        with suppress(ProcessLookupError):
            os.kill(identity.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while is_alive(identity) and time.monotonic() < deadline:
        time.sleep(0.05)
    kill_all(family_of(identity) | {member.pid for member in kin if is_alive(member)})


def family_of(identity: Identity) -> set[int]:
    """Return a process's family, even after its death; nobody once its number belongs to another process.

    A number is not given out again while it still names a session.
    """
    now = identify(identity.pid)
    return family([identity.pid]) if now is None or now == identity else set()


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _read(pid: int) -> _Entry | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name stands in parentheses and may hold anything: what follows the last one is regular.
    fields = text[text.rindex(")") + 2 :].split()
    return _Entry(pid, fields[0], int(fields[1]), int(fields[3]), int(fields[19]))


def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
