"""Canaries: a file and a web server that nobody has any business with, and that tell when somebody looked."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.media_fixtures.serving import Served, serve

# The numbers are those of inotify.
_IN_OPEN, _IN_ACCESS = 0x20, 0x1
_EVENT = struct.Struct("iIII")


@dataclass(frozen=True)
class Canary:
    """A film that is secret: its path, and the address at which it would be found."""

    path: Path
    url: str
    served: Served
    watch: int

    def sang(self) -> list[str]:
        """Return who was touched since it was set up."""
        try:
            events = os.read(self.watch, 4096)
        except BlockingIOError:
            events = b""
        return ["file"] * (len(events) // _EVENT.size) + self.served.paths


@contextmanager
def canary(path: Path) -> Iterator[Canary]:
    """Watch a file that is there, and serve its folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert watch >= 0
    try:
        with serve(path.parent) as served:
            assert libc.inotify_add_watch(watch, os.fsencode(path), _IN_OPEN | _IN_ACCESS) >= 0
            yield Canary(path, f"{served.base_url}/{path.name}", served, watch)
    finally:
        os.close(watch)
