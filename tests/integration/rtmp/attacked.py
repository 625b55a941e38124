"""A server in a process of its own, so that its memory can be measured; prints its port, ends with its stdin."""

import asyncio
import sys

from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.server import ServerSettings, serve
from tests.integration.rtmp.serving import Recorder

LIMITS = Limits(
    handshake_s=1.5,
    publish_s=2.0,
    idle_s=2.5,
    stalled_s=4.0,
    farewell_s=0.5,
    connections=80,
    connections_per_address=70,
)


class Forgetful(Recorder):
    """Take media and keep none of it."""

    async def write(self, _tag: object) -> None:
        return

    async def close(self, _ending: object) -> None:
        return

    async def __call__(self, _publisher: object) -> "Forgetful":
        return self


async def main() -> None:
    server = await serve(ServerSettings(port=0, limits=LIMITS), Forgetful())
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
