"""Movie files written box by box, so that tests can say exactly what is in them."""

import struct
from collections.abc import Sequence


def box(kind: str, *content: bytes) -> bytes:
    """Return a box."""
    payload = b"".join(content)
    return struct.pack(">I", len(payload) + 8) + kind.encode() + payload


def large_box(kind: str, *content: bytes) -> bytes:
    """Return a box with a 64-bit size."""
    payload = b"".join(content)
    return struct.pack(">I4sQ", 1, kind.encode(), len(payload) + 16) + payload


def full_box(kind: str, version: int, *content: bytes) -> bytes:
    """Return a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24), *content)


def table(kind: str, row: str, rows: Sequence[Sequence[int]]) -> bytes:
    """Return a full box of counted rows."""
    return full_box(kind, 0, struct.pack(">I", len(rows)), *(struct.pack(row, *values) for values in rows))


def movie(
    *,
    deltas: Sequence[tuple[int, int]] = ((300, 512),),
    offsets: Sequence[tuple[int, int]] = (),
    sync: Sequence[int] | None = None,
    edits: Sequence[tuple[int, int]] = (),
    timescale: int = 15360,
    movie_timescale: int = 1000,
    wide: bool = False,
    sample_format: str = "avc1",
    extra: bytes = b"",
) -> bytes:
    """Return the movie box of one video track; `wide` uses 64-bit fields, edits are (duration, media time)."""
    head = ">QQIQ" if wide else ">IIII"
    version = 1 if wide else 0
    stbl = [
        full_box("stsd", 0, struct.pack(">I", 1), box(sample_format, bytes(78))),
        table("stts", ">II", deltas),
    ]
    if offsets:
        stbl.append(table("ctts", ">Ii", offsets))
    if sync is not None:
        stbl.append(table("stss", ">I", [(number,) for number in sync]))
    track = [full_box("tkhd", version, struct.pack(">QQI" if wide else ">III", 0, 0, 1), bytes(60))]
    if edits:
        rows = [struct.pack(">QqI" if wide else ">IiI", *edit, 0x10000) for edit in edits]
        track.append(box("edts", full_box("elst", version, struct.pack(">I", len(rows)), *rows)))
    media = [
        full_box("mdhd", version, struct.pack(head, 0, 0, timescale, 0), bytes(4)),
        full_box("hdlr", 0, bytes(4), b"vide", bytes(13)),
        box("minf", box("stbl", *stbl)),
    ]
    mvhd = full_box("mvhd", version, struct.pack(head, 0, 0, movie_timescale, 0), bytes(80))
    return box("moov", mvhd, box("trak", *track, box("mdia", *media)), extra)
