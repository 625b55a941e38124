"""Run one ffmpeg of a live stream: FLV in, fragments of each track out."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from millrace.media import flv
from millrace.media.boxes import Malformed
from millrace.media.live.command import FOLLOW, Keyframes, Output, live_argv
from millrace.media.live.fragments import FragmentReader, Init, MediaFragment

__all__ = ["OnFragment", "Transcoder", "TranscoderPlan"]

logger = logging.getLogger(__name__)

OnFragment = Callable[[str, Init | MediaFragment], Awaitable[None]]

# What waits for an encoder that is behind; a second or two of a high bitrate.
QUEUE_BYTES: Final = 8 << 20
# The same for a low one.
QUEUE_MS: Final = 20_000
READ_BYTES: Final = 64 << 10
DRAIN_S: Final = 20.0
STDERR_TAIL_BYTES: Final = 2000


@dataclass(frozen=True, slots=True)
class TranscoderPlan:
    """Say what one ffmpeg makes."""

    outputs: tuple[Output, ...]
    frame_rate: Fraction
    keyframes: Keyframes = FOLLOW

    @property
    def tracks(self) -> tuple[str, ...]:
        """Return the names of the tracks, in order."""
        return tuple(output.track for output in self.outputs)


class Transcoder:
    """One running ffmpeg. Start it with `start`, feed it with `write`, end it with `finish` or `kill`.

    `after` are the readers of whoever wrote the same tracks before: their last fragment comes before our first.
    """

    def __init__(self, ffmpeg: str, plan: TranscoderPlan, on_fragment: OnFragment) -> None:
        self.plan = plan
        self.written_ms = 0
        self.offered_ms = 0
        self.queued_bytes = 0
        # Set once everything that ffmpeg wrote has been taken.
        self.finished = asyncio.Event()
        self._ffmpeg = ffmpeg
        self._on_fragment = on_fragment
        self._queue: deque[tuple[int, bytes]] = deque()
        self._has_work = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_closing = False
        self._has_exited = False
        self._stderr = bytearray()
        self._process: asyncio.subprocess.Process | None = None
        self._end: asyncio.Task[None] | None = None

    async def start(self, first_ms: int, after: Sequence[asyncio.Event] = ()) -> None:
        """Start ffmpeg for media from that time on; raises OSError when the machine cannot."""
        pipes = {track: os.pipe() for track in self.plan.tracks}
        writers = {track: ends[1] for track, ends in pipes.items()}
        argv = live_argv(
            self._ffmpeg,
            self.plan.outputs,
            writers,
            frame_rate=self.plan.frame_rate,
            keyframes=self.plan.keyframes,
        )
        try:
            self._process = await _spawn(argv, tuple(writers.values()))
        except BaseException:
            for reader, _ in pipes.values():
                os.close(reader)
            raise
        finally:
            for writer in writers.values():
                os.close(writer)
        tasks = [asyncio.create_task(self._read(track, ends[0], after)) for track, ends in pipes.items()]
        tasks += [asyncio.create_task(self._feed(self._process)), asyncio.create_task(self._listen(self._process))]
        self._end = asyncio.create_task(self._ended(self._process, tasks))
        self.write(first_ms, flv.FILE_HEADER)

    @property
    def is_full(self) -> bool:
        """Tell whether more waits than should."""
        waiting_ms = self.offered_ms - self._queue[0][0] if self._queue else 0
        return self.queued_bytes > QUEUE_BYTES or waiting_ms > QUEUE_MS

    @property
    def has_died(self) -> bool:
        """Tell whether ffmpeg ended before it was asked to."""
        return self._has_exited and not self._is_closing

    @property
    def complaint(self) -> str:
        """Return the last that ffmpeg said."""
        return self._stderr.decode("utf-8", "replace").strip()

    def write(self, timestamp_ms: int, data: bytes) -> None:
        """Queue bytes for ffmpeg; who must not outrun it awaits `room` afterwards. A dead one takes nothing."""
        if self._has_exited or self._is_closing:
            return
        self._queue.append((timestamp_ms, data))
        self.queued_bytes += len(data)
        self.offered_ms = max(self.offered_ms, timestamp_ms)
        self._has_work.set()
        if self.is_full:
            self._has_room.clear()

    async def room(self) -> None:
        """Wait until little enough is queued, or ffmpeg is gone."""
        await self._has_room.wait()

    async def finish(self) -> None:
        """Let ffmpeg write what it has, and wait until all of it was taken."""
        self._is_closing = True
        self._has_work.set()
        try:
            await asyncio.wait_for(self.finished.wait(), DRAIN_S)
        except TimeoutError:
            logger.warning("ffmpeg did not end and is killed", extra={"tracks": self.plan.tracks})
            await self.kill()

    async def kill(self) -> None:
        """End ffmpeg at once; what it wrote already is still taken."""
        self._is_closing = True
        self._has_work.set()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self.finished.wait()

    async def _ended(self, process: asyncio.subprocess.Process, tasks: list[asyncio.Task[None]]) -> None:
        await process.wait()
        self._has_exited = True
        self._has_work.set()
        self._has_room.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for fault in results:
            if isinstance(fault, BaseException):
                logger.error("a track broke off", exc_info=fault)
        if self.has_died:
            logger.error("ffmpeg died", extra={"returncode": process.returncode, "complaint": self.complaint})
        self._queue.clear()
        self.queued_bytes = 0
        self.finished.set()

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        """Write the queue to ffmpeg's input as fast as it reads."""
        stdin = process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while not self._has_exited:
                if not self._queue:
                    if self._is_closing:
                        break
                    self._has_work.clear()
                    await self._has_work.wait()
                    continue
                timestamp_ms, data = self._queue.popleft()
                stdin.write(data)
                await stdin.drain()
                self.queued_bytes -= len(data)
                self.written_ms = max(self.written_ms, timestamp_ms)
                if not self.is_full:
                    self._has_room.set()
        stdin.close()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Keep the end of what ffmpeg complains about."""
        stderr = process.stderr
        assert stderr is not None
        while data := await stderr.read(READ_BYTES):
            self._stderr += data
            del self._stderr[:-STDERR_TAIL_BYTES]

    async def _read(self, track: str, descriptor: int, after: Sequence[asyncio.Event]) -> None:
        """Hand over a track's fragments in order; whoever takes them slows ffmpeg down by waiting."""
        stream = asyncio.StreamReader(limit=1 << 20)
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), pipe
        )
        reader = FragmentReader()
        try:
            for event in after:
                await event.wait()
            while data := await stream.read(READ_BYTES):
                for item in reader.feed(data):
                    await self._on_fragment(track, item)
        except Malformed:
            logger.exception("ffmpeg wrote what is no fragment", extra={"track": track})
        finally:
            transport.close()


async def _spawn(argv: list[str], descriptors: tuple[int, ...]) -> asyncio.subprocess.Process:
    """Start ffmpeg in a group of its own, knowing nothing of the environment but PATH."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=descriptors,
        env={"PATH": os.defpath},
        start_new_session=True,
    )
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
    return process
