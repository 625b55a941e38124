"""Run a tool such as ffmpeg on hostile input: bounded in time, memory, output and knowledge."""

import contextlib
import os
import resource
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from millrace.platform import settings

__all__ = ["Finished", "ProcessLimits", "ToolFailed", "ToolMissing", "ToolTimedOut", "run", "tool"]

STDERR_TAIL_BYTES: Final = 8 << 10
_READ_BYTES: Final = 64 << 10


class ToolMissing(Exception):
    """Say that a tool is not on PATH."""


class ToolFailed(Exception):
    """Say that a tool ended badly; a negative return code is the signal that ended it."""

    def __init__(self, name: str, returncode: int, stderr_tail: str) -> None:
        super().__init__(f"{name} ended with {returncode}: {stderr_tail[-500:]}")
        self.name = name
        self.returncode = returncode
        self.stderr_tail = stderr_tail


class ToolTimedOut(Exception):
    """Say that a tool was killed at its deadline."""

    def __init__(self, name: str, timeout_s: float, stderr_tail: str) -> None:
        super().__init__(f"{name} was killed after {timeout_s:.1f} s")
        self.name = name
        self.timeout_s = timeout_s
        self.stderr_tail = stderr_tail


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Bound a tool by the kernel's own means; None leaves a limit as it is."""

    cpu_s: int | None = None
    memory_bytes: int | None = None
    file_bytes: int | None = None
    stdout_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Finished:
    """Hold what a tool left behind; `cpu_s` counts user and system time."""

    returncode: int
    stdout: bytes
    stderr_tail: str
    cpu_s: float


def tool(name: str) -> str:
    """Return the path of a tool: layers and virtual environments differ in where they put it."""
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(f"{name} is not on PATH")
    return path


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    limits: ProcessLimits | None = None,
    cwd: str | Path | None = None,
    check: bool = True,
) -> Finished:
    """Run a tool to its end, its whole process group killed at the deadline.

    It has no input, sees no variable but PATH, and only the end of what it complains about is kept.
    Raises ToolTimedOut; with `check` ToolFailed for any return code but zero, and always for too much output.
    """
    bounds = limits or ProcessLimits()
    deadline = time.monotonic() + timeout_s
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=_environment(),
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    output = _Output(process.stdout, process.stderr, bounds.stdout_bytes)
    name = Path(argv[0]).name
    try:
        _restrict(process.pid, bounds)
        ended = _read_until(process.pid, output, deadline)
    finally:
        usage = _end(process)
    stderr_tail = _without_secrets(output.stderr.decode("utf-8", "replace"), argv)
    if not ended:
        raise ToolTimedOut(name, timeout_s, stderr_tail)
    if output.is_full or (check and process.returncode != 0):
        reason = "more output than allowed" if output.is_full else stderr_tail
        raise ToolFailed(name, process.returncode, reason)
    cpu_s = usage.ru_utime + usage.ru_stime
    return Finished(process.returncode, bytes(output.stdout), stderr_tail, cpu_s)


def _environment() -> Mapping[str, str]:
    """Return PATH alone: the function's credentials are none of a decoder's business."""
    return {"PATH": settings.optional("PATH", os.defpath)}


def _restrict(pid: int, limits: ProcessLimits) -> None:
    """Set limits on the running child.

    A few instructions may run before; nothing that the limits are for. In exchange there is no shell,
    and no Python code between fork and exec, which is unsafe beside threads.
    """
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        if value is not None:
            # A child that ended already needs no limits.
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, kind, (value, value))


class _Output:
    """Collect output: all of stdout up to a bound, the last of stderr."""

    def __init__(self, stdout: IO[bytes], stderr: IO[bytes], stdout_bytes: int) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.is_full = False
        self._pipes = {stdout.fileno(): self._add_stdout, stderr.fileno(): self._add_stderr}
        self._stdout_bytes = stdout_bytes

    @property
    def open_pipes(self) -> list[int]:
        """Return the file descriptors that may still give data."""
        return list(self._pipes)

    def read(self, descriptor: int) -> bool:
        """Take what a pipe has now; False at its end."""
        while not self.is_full:
            try:
                data = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                return True
            if not data:
                del self._pipes[descriptor]
                return False
            self._pipes[descriptor](data)
        return True

    def _add_stdout(self, data: bytes) -> None:
        self.stdout += data
        self.is_full = len(self.stdout) > self._stdout_bytes

    def _add_stderr(self, data: bytes) -> None:
        self.stderr += data
        del self.stderr[:-STDERR_TAIL_BYTES]


def _read_until(pid: int, output: _Output, deadline: float) -> bool:
    """Read both pipes until the process ends; False when the deadline comes first."""
    pidfd = os.pidfd_open(pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(pidfd, selectors.EVENT_READ)
            for pipe in output.open_pipes:
                os.set_blocking(pipe, False)
                selector.register(pipe, selectors.EVENT_READ)
            while not output.is_full:
                ready = {key.fd for key, _ in selector.select(max(0.0, deadline - time.monotonic()))}
                if not ready:
                    return False
                # What the process wrote last may lie in a pipe that was not reported with its end.
                for pipe in output.open_pipes if pidfd in ready else ready:
                    if not output.read(pipe):
                        selector.unregister(pipe)
                if pidfd in ready:
                    return True
        return True
    finally:
        os.close(pidfd)


def _end(process: subprocess.Popen[bytes]) -> resource.struct_rusage:
    """Kill what is left of the process group, reap the process and return what it used."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    return usage


def _without_secrets(text: str, argv: Sequence[str]) -> str:
    """Remove signatures: tools repeat their presigned URL when they fail."""
    for argument in argv:
        if "://" in argument and "?" in argument:
            text = text.replace(argument, argument.split("?")[0])
    return text
