"""Whoever talks nonsense, too slowly or too much is disconnected; the server stays, and stays small."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.messages import MessageType
from tests.integration.rtmp.attacked import LIMITS
from tests.integration.rtmp.serving import PATIENCE_S
from tests.unit.rtmp.talking import HANDSHAKE, command, connect, control, media, opening

ROOT = Path(__file__).parents[3]
# The one limit of memory for all attacks together: what a connection may hold, and the interpreter's slack.
GROWTH_MB = 40
BLOB = bytes(1 << 20)


@dataclass(frozen=True)
class Target:
    """The server under attack."""

    port: int
    pid: int
    idle_mb: int

    def growth_mb(self) -> int:
        """Return how much memory it ever took beyond what it takes when idle."""
        return memory_mb(self.pid, "VmHWM") - self.idle_mb


def memory_mb(pid: int, which: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{which}:")[2].split()[0]) // 1024


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    argv = [sys.executable, "-m", "tests.integration.rtmp.attacked"]
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        env={"PYTHONPATH": "layers/core/python:."},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Target(port, process.pid, memory_mb(process.pid, "VmRSS"))
        finally:
            process.kill()


class Attacker:
    """A connection that says anything."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._target.port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.writer.transport.abort()

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_disconnected(self) -> None:
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            return


async def random_bytes(attacker: Attacker) -> None:
    await attacker.say(b"\x80" + random.Random(1).randbytes(5000))


async def a_web_browser(attacker: Attacker) -> None:
    await attacker.say(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


async def one_byte_and_no_more(attacker: Attacker) -> None:
    await attacker.say(b"\x03")


async def a_handshake_by_the_drop(attacker: Attacker) -> None:
    for _ in range(1000):
        await attacker.say(b"\x03")
        await asyncio.sleep(0.1)


async def nonsense_after_the_handshake(attacker: Attacker) -> None:
    await attacker.say(HANDSHAKE + random.Random(2).randbytes(20_000))


async def connecting_and_no_more(attacker: Attacker) -> None:
    await attacker.say(HANDSHAKE + connect())


async def publishing_and_no_more(attacker: Attacker) -> None:
    await attacker.say(opening())


async def commands_for_ever(attacker: Attacker) -> None:
    await attacker.say(HANDSHAKE + connect())
    for _ in range(1000):
        await attacker.say(command("_checkbw", 0, None))
        await asyncio.sleep(0.1)


async def a_message_by_the_drop(attacker: Attacker) -> None:
    await attacker.say(opening() + control(MessageType.SET_CHUNK_SIZE, (1 << 20).to_bytes(4)))
    await attacker.say(media(MessageType.VIDEO, 0, bytes(100_000), 1 << 20)[:40])
    for _ in range(1000):
        await attacker.say(b"x")
        await asyncio.sleep(0.1)


async def pings_whose_answers_are_not_read(attacker: Attacker) -> None:
    attacker.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await attacker.say(opening())
    flood = control(MessageType.USER_CONTROL, b"\x00\x06\x00\x00\x00\x00") * 4000
    for _ in range(400):
        await attacker.say(flood)


async def a_message_of_16_mb(attacker: Attacker) -> None:
    await attacker.say(opening() + control(MessageType.SET_CHUNK_SIZE, (0x7FFFFFFF).to_bytes(4)))
    await attacker.say(b"\x06" + bytes(3) + b"\xff\xff\xff" + b"\x09" + b"\x01\x00\x00\x00")
    for _ in range(16):
        await attacker.say(BLOB)


async def forty_messages_of_6_mb_begun(attacker: Attacker) -> None:
    await attacker.say(opening() + control(MessageType.SET_CHUNK_SIZE, (5 << 20).to_bytes(4)))
    for chunk_stream in range(10, 50):
        await attacker.say(
            bytes((chunk_stream,)) + bytes(3) + (6 << 20).to_bytes(3) + b"\x09" + b"\x01\x00\x00\x00" + BLOB * 5
        )


async def values_nested_12000_deep(attacker: Attacker) -> None:
    deep = amf0.encode("connect", 1) + b"\x03\x00\x01a" * 12_000
    await attacker.say(HANDSHAKE + control(MessageType.SET_CHUNK_SIZE, (60_000).to_bytes(4)))
    await attacker.say(b"\x03" + bytes(3) + len(deep).to_bytes(3) + b"\x14" + bytes(4) + deep)


async def an_array_of_two_billion(attacker: Attacker) -> None:
    payload = amf0.encode("connect", 1) + b"\x0a\x7f\xff\xff\xff"
    await attacker.say(HANDSHAKE + b"\x03" + bytes(3) + len(payload).to_bytes(3) + b"\x14" + bytes(4) + payload)


async def chunks_of_no_bytes(attacker: Attacker) -> None:
    await attacker.say(opening() + control(MessageType.SET_CHUNK_SIZE, bytes(4)))


Attack = Callable[[Attacker], Awaitable[None]]
SLOW: tuple[Attack, ...] = (
    one_byte_and_no_more,
    a_handshake_by_the_drop,
    connecting_and_no_more,
    publishing_and_no_more,
    commands_for_ever,
    a_message_by_the_drop,
)
ATTACKS: tuple[Attack, ...] = (
    random_bytes,
    a_web_browser,
    nonsense_after_the_handshake,
    pings_whose_answers_are_not_read,
    a_message_of_16_mb,
    forty_messages_of_6_mb_begun,
    values_nested_12000_deep,
    an_array_of_two_billion,
    chunks_of_no_bytes,
)


async def attack(target: Target, how: Attack) -> None:
    """Attack until the server hangs up; a broken pipe says the same."""
    async with asyncio.timeout(PATIENCE_S), Attacker(target) as attacker:
        attacking = asyncio.create_task(suppressed(how(attacker)))
        if how is not pings_whose_answers_are_not_read:
            await attacker.until_disconnected()
            attacking.cancel()
        await asyncio.gather(attacking, return_exceptions=True)


async def suppressed(attack: Awaitable[None]) -> None:
    try:
        await attack
    except ConnectionError:
        return


async def can_publish(target: Target) -> bool:
    """Return whether a publisher gets through; under load its few seconds may pass, so it tries again."""
    async with asyncio.timeout(PATIENCE_S):
        while not await publishes(target):
            continue
    return True


async def publishes(target: Target) -> bool:
    said = b""
    async with Attacker(target) as publisher:
        try:
            await publisher.say(opening())
            while data := await publisher.reader.read(4096):
                said += data
                if b"NetStream.Publish.Start" in said:
                    return True
        except ConnectionError:
            return False
    return False


def test_whoever_is_too_slow_is_disconnected(target: Target) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(attack(target, how) for how in SLOW))

    asyncio.run(all_at_once())
    assert target.growth_mb() <= GROWTH_MB
    assert asyncio.run(can_publish(target))


@pytest.mark.parametrize("how", ATTACKS, ids=lambda how: how.__name__)
def test_an_attacker_is_disconnected_and_the_server_stays(how: Attack, target: Target) -> None:
    asyncio.run(attack(target, how))
    assert target.growth_mb() <= GROWTH_MB
    assert asyncio.run(can_publish(target))


def test_a_crowd_of_strangers_is_bounded_and_leaves_room(target: Target) -> None:
    async def crowd() -> None:
        strangers = [Attacker(target) for _ in range(300)]
        async with asyncio.timeout(PATIENCE_S):
            for stranger in strangers:
                await stranger.__aenter__()
            # All go: most at once, the rest when their handshake takes too long.
            await asyncio.gather(*(stranger.until_disconnected() for stranger in strangers))
            for stranger in strangers:
                await stranger.__aexit__()

    asyncio.run(crowd())
    assert LIMITS.connections_per_address < 300
    assert target.growth_mb() <= GROWTH_MB
    assert asyncio.run(can_publish(target))


def test_strangers_with_large_messages_hold_little_memory(target: Target) -> None:
    async def big_command(stranger: Attacker) -> None:
        await stranger.say(HANDSHAKE + connect() + control(MessageType.SET_CHUNK_SIZE, (1 << 20).to_bytes(4)))
        for chunk_stream in range(10, 40):
            await stranger.say(bytes((chunk_stream,)) + bytes(3) + (60_000).to_bytes(3) + b"\x14" + bytes(4))
            await stranger.say(bytes(60_000))

    async def all_at_once() -> None:
        await asyncio.gather(*(attack(target, big_command) for _ in range(40)))

    asyncio.run(all_at_once())
    assert target.growth_mb() <= GROWTH_MB
    assert asyncio.run(can_publish(target))
