"""Read the size of the picture from an AVC configuration: the one place that encoders cannot forget to update.

Clauses are of ITU-T H.264.
"""

from dataclasses import dataclass
from typing import Final

from millrace.media.boxes import Cursor, Malformed

__all__ = ["PictureSize", "picture_size"]

# Profiles whose parameter sets tell of the chroma format (7.3.2.1.1).
_HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_MAX_ZEROS: Final = 31
_MACROBLOCK: Final = 16
_MAX_CYCLE: Final = 255


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height of the picture that is shown, in pixels."""

    width: int
    height: int


class _Bits:
    """Read bits and Exp-Golomb numbers (9.1)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        """Return the next bits as a number."""
        if count > self._left:
            raise Malformed("the parameter set is cut short")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        """Return ue(v)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _MAX_ZEROS:
                raise Malformed("a number of the parameter set is too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """Return se(v)."""
        value = self.unsigned()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def picture_size(configuration: bytes) -> PictureSize:
    """Return the size that the first parameter set of an AVC configuration record says; raises Malformed."""
    reader = Cursor(memoryview(configuration), 0, len(configuration))
    reader.skip(5)
    if not reader.u8() & 0x1F:
        raise Malformed("a configuration without parameter set")
    unit = bytes(reader.take(reader.u16()))
    # Emulation prevention (7.4.1) puts a 3 behind two zeros; the first byte is the unit's header.
    return _size(_Bits(unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")))


def _size(bits: _Bits) -> PictureSize:
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma = _chroma_format(bits) if profile in _HIGH_PROFILES else 1
    _skip_order_count(bits)
    bits.unsigned()
    bits.take(1)
    width = (bits.unsigned() + 1) * _MACROBLOCK
    height_units = bits.unsigned() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    height = height_units * _MACROBLOCK * (2 - frames_only)
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    if width <= 0 or height <= 0:
        raise Malformed(f"a picture of {width}x{height}")
    return PictureSize(width, height)


def _chroma_format(bits: _Bits) -> int:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)
    return chroma


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order_count(bits: _Bits) -> None:
    bits.unsigned()
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        count = bits.unsigned()
        if count > _MAX_CYCLE:
            raise Malformed("an order count of too many frames")
        for _ in range(count):
            bits.signed()
