"""One process that is kept running."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

from scripts.supervisor.logs import bound_log, start_log
from scripts.supervisor.messages import ChildReport, ChildState, ProcessSpec
from scripts.supervisor.processes import Identity, family, identify, kill_all

Event: TypeAlias = Literal["died", "started"]

MAX_RESTARTS = 5
_FIRST_PAUSE_S = 0.5
# Whoever lived this long has not failed to start: its next death is the first again.
_LIVED_WELL_S = 60.0


class Child:
    """Start a process, start it again when it dies, give up when it keeps dying."""

    def __init__(self, spec: ProcessSpec, log_dir: Path) -> None:
        """Start the process, its output in a new log."""
        self.spec = spec
        self._log = start_log(log_dir, spec.name)
        self._restarts = 0
        self._exit_code: int | None = None
        self._restart_at: float | None = None
        self._state: ChildState = "running"
        self._start()

    @property
    def pid(self) -> int | None:
        """Return the process's number while it runs."""
        return self._process.pid if self._state == "running" else None

    def look_after(self) -> Event | None:
        """Notice a death, start again when it is time; tell what happened, if anything."""
        bound_log(self._log)
        if self._state == "running" and self._has_ended():
            self._bury()
            return "died"
        if self._state == "restarting" and self._restart_at is not None and time.monotonic() >= self._restart_at:
            self._start()
            return "started"
        return None

    def stop(self) -> None:
        """Ask the process to end, wait, then kill what is left of it and of what it started."""
        if self._state == "running":
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)
            deadline = time.monotonic() + self.spec.stop_timeout_s
            while not self._has_ended() and time.monotonic() < deadline:
                time.sleep(0.02)
            kill_all(family([self._process.pid]))
            self._exit_code = self._process.wait()
        self._state = "stopped"

    def report(self) -> ChildReport:
        """Return how the process is doing."""
        identity = self._identity if self._state == "running" else None
        return ChildReport(self.spec.name, self._state, identity, self._restarts, self._exit_code, self.spec)

    def _start(self) -> None:
        with self._log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self.spec.argv,
                    cwd=self.spec.cwd,
                    env={**os.environ, **self.spec.environ},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                log.write(f"cannot start {self.spec.argv[0]}: {error.strerror}\n".encode())
                self._state = "failed"
                self._exit_code = 127
                return
        self._started_at = time.monotonic()
        self._identity: Identity | None = identify(self._process.pid)
        self._state = "running"

    def _has_ended(self) -> bool:
        """Tell whether the process is dead but not yet buried: until then nobody else can get its number."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _bury(self) -> None:
        kill_all(family([self._process.pid]))
        self._exit_code = self._process.wait()
        if time.monotonic() - self._started_at > _LIVED_WELL_S:
            self._restarts = 0
        with self._log.open("ab") as log:
            log.write(f"supervisor: {self.spec.name} ended with exit code {self._exit_code}\n".encode())
        if self._restarts >= MAX_RESTARTS:
            self._state = "failed"
            return
        self._restart_at = time.monotonic() + _FIRST_PAUSE_S * 2**self._restarts
        self._restarts += 1
        self._state = "restarting"
