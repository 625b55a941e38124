"""Watch the platform's functions while they work: memory, scratch space, and when an encoder runs."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import descendants

# A peak of memory lasts longer than that in ffmpeg; looking costs about a hundredth of a core.
EVERY_S = 0.2
TOOLS = ("ffmpeg", "ffprobe")
_PAGE_BYTES = 4096


@dataclass(slots=True)
class Peaks:
    """The most that one container of a function used at a time."""

    memory_bytes: int = 0
    scratch_bytes: int = 0


@dataclass(slots=True)
class Watched:
    """What was seen: peaks by function, and the moments at which a tool ran, among all."""

    peaks: dict[str, Peaks] = field(default_factory=lambda: defaultdict(Peaks))
    looks: list[tuple[float, bool]] = field(default_factory=list)

    def idle_share(self, start_s: float, end_s: float) -> float:
        """Return the share of a time (by the wall clock) in which neither ffmpeg nor ffprobe ran."""
        inside = [is_busy for at_s, is_busy in self.looks if start_s <= at_s <= end_s]
        return inside.count(False) / len(inside) if inside else 0.0


@contextmanager
def watching(supervisor: int) -> Iterator[Watched]:
    """Watch everything below the supervisor until the block ends."""
    watched, is_over = Watched(), threading.Event()

    def watch() -> None:
        while not is_over.wait(EVERY_S):
            _look(supervisor, watched)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        is_over.set()
        thread.join()


def wait_until_idle(supervisor: int, deadline_s: float = 300) -> None:
    """Wait until no tool runs any more: an encoder outlives a workflow that was cancelled."""
    until_s = time.monotonic() + deadline_s
    while any(_name(pid).startswith(TOOLS) for pid in descendants(supervisor)):
        if time.monotonic() > until_s:
            raise SystemExit("encoders still run: is somebody else using this platform?")
        time.sleep(1)


def _look(supervisor: int, watched: Watched) -> None:
    children: dict[int, list[int]] = defaultdict(list)
    processes = descendants(supervisor)
    for pid, parent in processes.items():
        children[parent].append(pid)
    is_busy = False
    for pid in processes:
        function, scratch = _function(pid)
        if function is None:
            continue
        tools = [child for child in children[pid] if _name(child).startswith(TOOLS)]
        is_busy |= bool(tools)
        peaks = watched.peaks[function]
        peaks.memory_bytes = max(peaks.memory_bytes, sum(_memory_bytes(each) for each in (pid, *tools)))
        if tools and scratch:
            peaks.scratch_bytes = max(peaks.scratch_bytes, _size_bytes(scratch))
    watched.looks.append((time.time(), is_busy))


def _function(pid: int) -> tuple[str | None, Path | None]:
    """Return the name of the function that a worker is for, and its scratch space."""
    with suppress(OSError):
        pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        variables = dict(pair.decode(errors="replace").partition("=")[::2] for pair in pairs)
        if name := variables.get("AWS_LAMBDA_FUNCTION_NAME"):
            return name, Path(variables["TMPDIR"]) if "TMPDIR" in variables else None
    return None, None


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _memory_bytes(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    return 0


def _size_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total
