"""Read and write AMF0, the values of RTMP's commands (Adobe's "Action Message Format -- AMF 0")."""

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.limits import Limits

__all__ = ["Value", "decode", "encode"]

Value = float | bool | str | None | Mapping[str, "Value"] | Sequence["Value"]


class _Marker(IntEnum):
    NUMBER = 0
    BOOLEAN = 1
    STRING = 2
    OBJECT = 3
    NULL = 5
    UNDEFINED = 6
    ECMA_ARRAY = 8
    OBJECT_END = 9
    STRICT_ARRAY = 10
    DATE = 11
    LONG_STRING = 12
    UNSUPPORTED = 13


_NOTHING: Final = frozenset({_Marker.NULL, _Marker.UNDEFINED, _Marker.UNSUPPORTED})


def decode(data: bytes, limits: Limits) -> list[Value]:
    """Return all values of a message; raises ProtocolError for what is cut short, too deep or too much."""
    reader = _Reader(data, limits)
    values = []
    while reader.position < len(data):
        values.append(reader.value(0))
    return values


def encode(*values: Value) -> bytes:
    """Write values one after the other; every number becomes a double."""
    out = bytearray()
    for value in values:
        _write(out, value)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._items = 0
        self.position = 0

    def value(self, depth: int) -> Value:
        self._items += 1
        if depth > self._limits.amf_depth or self._items > self._limits.amf_items:
            raise ProtocolError("a command nests too deep or holds too many values")
        marker = self._take(1)[0]
        if marker == _Marker.NUMBER:
            return self._number()
        if marker == _Marker.BOOLEAN:
            return self._take(1)[0] != 0
        if marker == _Marker.STRING:
            return self._text(2)
        if marker == _Marker.LONG_STRING:
            return self._text(4)
        if marker in _NOTHING:
            return None
        return self._compound(marker, depth)

    def _compound(self, marker: int, depth: int) -> Value:
        if marker == _Marker.OBJECT:
            return self._object(depth)
        if marker == _Marker.ECMA_ARRAY:
            # The count is a hint only; the end stands where an object's does.
            self._take(4)
            return self._object(depth)
        if marker == _Marker.STRICT_ARRAY:
            # Every item costs at least a byte and counts, so a huge number ends soon.
            return [self.value(depth + 1) for _ in range(int.from_bytes(self._take(4)))]
        if marker == _Marker.DATE:
            milliseconds = self._number()
            self._take(2)
            return milliseconds
        raise ProtocolError(f"a command with a value of unknown kind {marker}")

    def _object(self, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        while True:
            name = self._text(2)
            if not name and self._next_is(_Marker.OBJECT_END):
                self._take(1)
                return members
            members[name] = self.value(depth + 1)

    def _next_is(self, marker: _Marker) -> bool:
        return self._data[self.position : self.position + 1] == bytes((marker,))

    def _number(self) -> float:
        return float(struct.unpack(">d", self._take(8))[0])

    def _text(self, length_bytes: int) -> str:
        # Some encoders write titles in other encodings: no reason to lose the stream.
        return self._take(int.from_bytes(self._take(length_bytes))).decode("utf-8", "replace")

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            raise ProtocolError("a command that is cut short")
        taken = self._data[self.position : end]
        self.position = end
        return taken


def _write(out: bytearray, value: Value) -> None:
    if value is None:
        out.append(_Marker.NULL)
    elif isinstance(value, bool):
        out += bytes((_Marker.BOOLEAN, value))
    elif isinstance(value, int | float):
        out += struct.pack(">Bd", _Marker.NUMBER, value)
    elif isinstance(value, str):
        out.append(_Marker.STRING)
        _write_text(out, value)
    elif isinstance(value, Mapping):
        out.append(_Marker.OBJECT)
        for name, member in value.items():
            _write_text(out, name)
            _write(out, member)
        out += bytes((0, 0, _Marker.OBJECT_END))
    else:
        out += struct.pack(">BI", _Marker.STRICT_ARRAY, len(value))
        for item in value:
            _write(out, item)


def _write_text(out: bytearray, text: str) -> None:
    encoded = text.encode()[:0xFFFF]
    out += struct.pack(">H", len(encoded)) + encoded
