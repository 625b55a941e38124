"""Our RTMP server with a sink that keeps nothing, for `benchmarks.rtmp`: prints its port, ends with its stdin."""

import argparse
import asyncio
import sys

import uvloop

from millrace.media import flv
from millrace.media.flv import FlvTag
from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.publishing import Ending, Publisher
from rtmp_ingest.rtmp.server import ServerSettings, serve


class Dropped:
    """Drop what comes."""

    async def write(self, tag: FlvTag) -> None:
        """Drop a tag."""

    async def close(self, ending: Ending) -> None:
        """Nothing is open."""


class Piped:
    """Write FLV to the stdin of a child, as the ingest does with ffmpeg."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        if child.stdin is None:
            raise ValueError("a child without stdin")
        self._child = child
        self._stdin = child.stdin
        self._stdin.write(flv.FILE_HEADER)

    async def write(self, tag: FlvTag) -> None:
        """Hand a tag on."""
        self._stdin.write(flv.encode(tag))
        await self._stdin.drain()

    async def close(self, ending: Ending) -> None:
        """Let the child end."""
        self._stdin.close()
        await self._child.wait()


async def _piped(_publisher: Publisher) -> Piped:
    # The cheapest reader there is: its own time counts, so it must be little.
    child = await asyncio.create_subprocess_exec(
        "dd", "of=/dev/null", "bs=1M", "status=none", stdin=asyncio.subprocess.PIPE
    )
    return Piped(child)


async def _dropped(_publisher: Publisher) -> Dropped:
    return Dropped()


async def _serve(*, is_piped: bool) -> None:
    settings = ServerSettings(port=0, limits=Limits(connections_per_address=1000, publishers=1000))
    server = await serve(settings, _piped if is_piped else _dropped)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop()


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipe", action="store_true")
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if options.uvloop else None) as runner:
        runner.run(_serve(is_piped=options.pipe))


if __name__ == "__main__":
    main()
