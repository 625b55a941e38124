"""The supervising process: `python -m scripts.supervisor.server RUN_DIR LOG_DIR`."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from scripts.supervisor.child import Child
from scripts.supervisor.messages import ProcessSpec, Report, parse_spec, write_report
from scripts.supervisor.processes import children, family, identify, kill_all

SOCKET_NAME = "supervisor.sock"
REPORT_NAME = "supervisor.json"
_LOOK_EVERY_S = 0.2
_PR_SET_CHILD_SUBREAPER = 36
_MAX_REQUEST_BYTES = 1024 * 1024


class Supervisor:
    """Serve requests and look after the children, in one thread."""

    def __init__(self, run_dir: Path, log_dir: Path) -> None:
        """Take charge of a run folder; the caller holds its lock."""
        self._run_dir = run_dir
        self._log_dir = log_dir
        self._children: dict[str, Child] = {}
        self._stopping = False

    def serve(self) -> None:
        """Work until told to shut down; then stop every child, the last started first."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        _adopt_orphans()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            self._listen(listener)
            self._write()
            asker: socket.socket | None = None
            while not self._stopping:
                asker = self._accept(listener)
                events = {child.look_after() for child in self._children.values()} - {None}
                if "died" in events:
                    self._kill_strays()
                if events:
                    self._write()
                self._reap()
            self._stop_all()
            if asker:
                self._answer(asker, None)

    def handle(self, request: dict[str, object]) -> str | None:
        """Do what is asked; return what was wrong with it, if anything."""
        match request:
            case {"do": "start", "process": dict(process)}:
                self._start(parse_spec(process))
            case {"do": "stop", "name": str(name)} if name in self._children:
                self._children.pop(name).stop()
            case {"do": "report"}:
                pass
            case {"do": "shutdown"}:
                self._stopping = True
            case _:
                return "not understood"
        self._write()
        return None

    def _start(self, spec: ProcessSpec) -> None:
        if spec.name in self._children:
            self._children.pop(spec.name).stop()
        self._children[spec.name] = Child(spec, self._log_dir)

    def _listen(self, listener: socket.socket) -> None:
        # By its name in the current folder: a full path may be longer than a socket's address can be.
        os.chdir(self._run_dir)
        Path(SOCKET_NAME).unlink(missing_ok=True)
        listener.bind(SOCKET_NAME)
        Path(SOCKET_NAME).chmod(0o600)
        listener.listen()
        listener.settimeout(_LOOK_EVERY_S)

    def _accept(self, listener: socket.socket) -> socket.socket | None:
        """Serve one request; return the connection if it asked to shut down: its answer comes at the end."""
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            return None
        connection.settimeout(5)
        try:
            wrong = self.handle(_read_request(connection))
        except (OSError, ValueError, KeyError, TypeError) as error:
            wrong = f"{type(error).__name__}: {error}"
        if self._stopping:
            return connection
        self._answer(connection, wrong)
        return None

    def _answer(self, connection: socket.socket, wrong: str | None) -> None:
        with connection, suppress(OSError):
            answer = {"error": wrong, "report": asdict(self._report())}
            connection.sendall(json.dumps(answer).encode() + b"\n")

    def _report(self) -> Report:
        own = identify(os.getpid())
        if own is None:
            raise RuntimeError("/proc does not show this process")
        return Report(own, tuple(child.report() for child in self._children.values()))

    def _write(self) -> None:
        write_report(self._run_dir / REPORT_NAME, self._report())

    def _stop_all(self) -> None:
        for child in reversed(self._children.values()):
            child.stop()
            self._write()
        self._kill_strays()
        self._reap()
        (self._run_dir / SOCKET_NAME).unlink(missing_ok=True)

    def _kill_strays(self) -> None:
        """Kill what a dead child had started in sessions of their own: those have become our children by now."""
        own = {child.pid for child in self._children.values() if child.pid}
        kill_all(family(children(os.getpid()) - family(own)))

    def _reap(self) -> None:
        """Bury orphans that became ours; our own children are waited for by their `Child`."""
        own = {child.pid for child in self._children.values()}
        with suppress(ChildProcessError):
            while True:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if found is None or found.si_pid in own:
                    return
                os.waitpid(found.si_pid, os.WNOHANG)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _read_request(connection: socket.socket) -> dict[str, object]:
    received = b""
    while not received.endswith(b"\n") and len(received) < _MAX_REQUEST_BYTES:
        block = connection.recv(65536)
        if not block:
            break
        received += block
    request = json.loads(received)
    if not isinstance(request, dict):
        raise TypeError("a request is an object")
    return request


def _adopt_orphans() -> None:
    """Become the parent of descendants whose parent dies, so that none can get lost (Linux only)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _detach() -> None:
    """Go on in a child whose number is printed: nobody waits for it, and its standard output is the log's."""
    child = os.fork()
    if child:
        print(child)  # noqa: T201 - read by the client
        sys.stdout.flush()
        os._exit(0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def main(arguments: Sequence[str]) -> int:
    """Supervise until told to stop."""
    run_dir, log_dir = (Path(argument) for argument in arguments)
    _detach()
    Supervisor(run_dir, log_dir).serve()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
