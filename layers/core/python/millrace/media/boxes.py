"""Walk ISO base media boxes (ISO/IEC 14496-12 clause 4.2) without trusting a single length."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HEADER_BYTES: Final = 8
LARGE_HEADER_BYTES: Final = 16
# A fragmented file has two boxes a fragment; a day of one-second fragments stays below this.
MAX_SIBLINGS: Final = 400_000


class Malformed(ValueError):
    """Say that bytes are not what the format promises; the only error of our binary parsers."""


@dataclass(frozen=True, slots=True)
class Box:
    """Place a box in its data: header from `start`, content from `payload` up to `end`."""

    kind: str
    start: int
    payload: int
    end: int


class Cursor:
    """Read big-endian numbers one after the other, never past the end."""

    __slots__ = ("_data", "end", "position")

    def __init__(self, data: memoryview, position: int, end: int) -> None:
        if not 0 <= position <= end <= len(data):
            raise Malformed(f"range {position}..{end} lies outside {len(data)} bytes")
        self._data = data
        self.position = position
        self.end = end

    @property
    def left(self) -> int:
        """Return how many bytes remain."""
        return self.end - self.position

    def take(self, count: int) -> memoryview:
        """Return the next `count` bytes."""
        if not 0 <= count <= self.left:
            raise Malformed(f"{count} bytes wanted at {self.position}, {self.left} there")
        start = self.position
        self.position += count
        return self._data[start : self.position]

    def skip(self, count: int) -> None:
        """Pass over `count` bytes."""
        self.take(count)

    def u8(self) -> int:
        """Read an unsigned byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Read 16 bits, unsigned."""
        return int.from_bytes(self.take(2))

    def u24(self) -> int:
        """Read 24 bits, unsigned."""
        return int.from_bytes(self.take(3))

    def u32(self) -> int:
        """Read 32 bits, unsigned."""
        return int.from_bytes(self.take(4))

    def i32(self) -> int:
        """Read 32 bits, signed."""
        return int.from_bytes(self.take(4), signed=True)

    def u64(self) -> int:
        """Read 64 bits, unsigned."""
        return int.from_bytes(self.take(8))

    def i64(self) -> int:
        """Read 64 bits, signed."""
        return int.from_bytes(self.take(8), signed=True)

    def version_flags(self) -> tuple[int, int]:
        """Read the head of a full box."""
        return self.u8(), self.u24()


def header(head: bytes, start: int, limit: int) -> Box:
    """Decode a box header whose bytes begin at `start`; the box may reach beyond `limit`.

    A size of zero means "up to the end", which is `limit`.
    """
    if len(head) < HEADER_BYTES:
        raise Malformed(f"box header at {start} is cut")
    size = int.from_bytes(head[:4])
    kind = bytes(head[4:8]).decode("latin-1")
    payload = start + HEADER_BYTES
    if size == 1:
        if len(head) < LARGE_HEADER_BYTES:
            raise Malformed(f"large box header at {start} is cut")
        size = int.from_bytes(head[8:16])
        payload = start + LARGE_HEADER_BYTES
    elif size == 0:
        size = limit - start
    if start + size < payload:
        raise Malformed(f"box at {start} is smaller than its header")
    return Box(kind, start, payload, start + size)


def boxes(data: memoryview, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes between two places, in order."""
    limit = len(data) if end is None else end
    if not 0 <= start <= limit <= len(data):
        raise Malformed(f"range {start}..{limit} lies outside {len(data)} bytes")
    for _ in range(MAX_SIBLINGS):
        if start == limit:
            return
        box = header(bytes(data[start : min(start + LARGE_HEADER_BYTES, limit)]), start, limit)
        if box.end > limit:
            raise Malformed(f"box at {start} reaches beyond its parent")
        yield box
        start = box.end
    raise Malformed(f"more than {MAX_SIBLINGS} boxes in a row")


def find(data: memoryview, parent: Box, kind: str) -> Box | None:
    """Return the first child of that kind, or nothing."""
    for box in boxes(data, parent.payload, parent.end):
        if box.kind == kind:
            return box
    return None


def require(data: memoryview, parent: Box, *path: str) -> Box:
    """Return the box at the end of a path of kinds below `parent`."""
    box = parent
    for kind in path:
        child = find(data, box, kind)
        if child is None:
            raise Malformed(f"{box.kind} has no {kind}")
        box = child
    return box


def cursor(data: memoryview, box: Box) -> Cursor:
    """Read a box's content."""
    return Cursor(data, box.payload, box.end)
