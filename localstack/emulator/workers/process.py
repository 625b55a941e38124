"""One worker process: the socket to talk to it, its log, and the end of it."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

from emulator.processes import kill_tree

_BOOT = Path(__file__).parent.parent / "sandbox" / "boot.py"
# Above this the log file is emptied once it has been read.
_LARGE_LOG_BYTES = 4 << 20
_READ_BYTES = 1 << 20


class WorkerProcess:
    """A Python process that runs one function's handler, one invocation at a time.

    ``poll``, ``terminate``, ``wait`` and ``kill`` are what MiniStack calls on the Popen it expects here.
    """

    def __init__(self, python: Path, environment: dict[str, str], code: Path, scratch: Path) -> None:
        self._scratch = scratch
        self._log: IO[bytes] = tempfile.TemporaryFile("ab+")  # noqa: SIM115 - open as long as the process is
        self._log_read_bytes = 0
        self._unread = b""
        self._state = threading.Lock()
        # Loading the handler counts as the first invocation.
        self._busy = True
        self._retired = False
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._popen = subprocess.Popen(
                [str(python), "-I", "-S", "-X", "utf8", str(_BOOT), str(theirs.fileno())],
                cwd=code,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._popen.pid

    def exchange(self, message: dict[str, Any], deadline_s: float) -> dict[str, Any] | None:
        """Send a message and return the answer; None if the process ended instead.

        ``deadline_s`` is on the monotonic clock. Raises TimeoutError when it passes first.
        """
        try:
            self._wait_until(deadline_s)
            self._channel.sendall(json.dumps(message).encode() + b"\n")
            line = self._read_line(deadline_s)
        except TimeoutError:
            raise
        except OSError:
            return None
        if not line:
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read_line(self, deadline_s: float) -> bytes:
        pieces = [self._unread]
        while b"\n" not in pieces[-1]:
            # An answer may be megabytes: the pieces are joined once.
            self._wait_until(deadline_s)
            piece = self._channel.recv(_READ_BYTES)
            if not piece:
                return b""
            pieces.append(piece)
        line, _, self._unread = b"".join(pieces).partition(b"\n")
        return line

    def _wait_until(self, deadline_s: float) -> None:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._channel.settimeout(left_s)

    def new_log_text(self) -> str:
        """Return what the function and its children have printed since the last call."""
        descriptor = self._log.fileno()
        pieces = []
        while piece := os.pread(descriptor, _READ_BYTES, self._log_read_bytes):
            pieces.append(piece)
            self._log_read_bytes += len(piece)
        if self._log_read_bytes > _LARGE_LOG_BYTES:
            os.ftruncate(descriptor, 0)
            self._log_read_bytes = 0
        return b"".join(pieces).decode(errors="replace")

    def begin(self) -> None:
        """Note that an invocation runs: until ``end``, being replaced does not kill it."""
        with self._state:
            self._busy = True

    def end(self) -> None:
        """Note that the invocation is over; kill the process if it has been replaced meanwhile."""
        with self._state:
            self._busy = False
            retired = self._retired
        if retired:
            self.kill()

    def exit_status(self) -> int | None:
        """Return the exit status of a process that has hung up."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._popen.wait(timeout=1)
        return None

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self._popen.poll()

    def terminate(self) -> None:
        """End the process: at once if it is idle, else after the invocation that runs.

        MiniStack calls this when code or configuration change. AWS lets running invocations finish.
        """
        with self._state:
            self._retired = True
            busy = self._busy
        if not busy:
            self.kill()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit status after ``terminate``, without waiting for an invocation."""
        return self._popen.poll() if self._busy else self._popen.wait(timeout)

    def kill(self) -> None:
        """Kill the process and all that it started; release what it held."""
        if self._popen.poll() is None:
            kill_tree(self._popen.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=5)
        self._channel.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
