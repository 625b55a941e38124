"""Damage files in the ways that break parsers: the same seed does the same damage."""

import random
from collections.abc import Callable

# What lengths, counts and times are when somebody means harm.
EXTREMES = (
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x00\x00\x00\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
)
# Where the heads of most containers are, or their ends: damage there does the most.
HEAD_BYTES = 3000


def mutate(data: bytes, seed: int) -> bytes:
    """Return the file with some damage."""
    choose = random.Random(seed)
    damaged = bytearray(data)
    for _ in range(choose.choice((1, 1, 2, 4, 16))):
        if damaged:
            choose.choice(MUTATIONS)(damaged, choose)
    return bytes(damaged)


def _place(data: bytearray, choose: random.Random) -> int:
    """Return a place: near the start or the end twice as often as anywhere."""
    if choose.random() < 2 / 3:
        offset = choose.randrange(min(HEAD_BYTES, len(data)))
        return offset if choose.random() < 0.5 else len(data) - 1 - offset
    return choose.randrange(len(data))


def _flip(data: bytearray, choose: random.Random) -> None:
    data[_place(data, choose)] ^= 1 << choose.randrange(8)


def _extreme(data: bytearray, choose: random.Random) -> None:
    at, value = _place(data, choose), choose.choice(EXTREMES)
    data[at : at + len(value)] = value


def _noise(data: bytearray, choose: random.Random) -> None:
    at, length = _place(data, choose), choose.choice((4, 64, 1024))
    data[at : at + length] = choose.randbytes(length)


def _cut_out(data: bytearray, choose: random.Random) -> None:
    at = _place(data, choose)
    del data[at : at + choose.choice((1, 4, 188, 1024))]


def _repeat(data: bytearray, choose: random.Random) -> None:
    at, length = _place(data, choose), choose.choice((8, 188, 4096))
    part = bytes(data[at : at + length])
    data[at:at] = part * choose.choice((1, 3, 50))


def _move(data: bytearray, choose: random.Random) -> None:
    origin, at = _place(data, choose), _place(data, choose)
    part = bytes(data[origin : origin + 256])
    data[at : at + len(part)] = part


def _truncate(data: bytearray, choose: random.Random) -> None:
    del data[choose.randrange(len(data)) :]


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _extreme,
    _extreme,
    _noise,
    _cut_out,
    _repeat,
    _move,
    _truncate,
)
