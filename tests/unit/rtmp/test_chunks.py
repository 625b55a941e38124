"""Messages are put together from chunks, however they are cut, and never beyond the limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtmp_ingest.rtmp.chunks import ChunkReader, Message, write_message
from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.limits import Limits

LIMITS = Limits()


def reader(limits: Limits = LIMITS, *, is_authorised: bool = True) -> ChunkReader:
    made = ChunkReader(limits)
    made.is_authorised = is_authorised
    return made


def read_all(chunks: ChunkReader, data: bytes, piece_bytes: int = 1 << 20) -> list[Message]:
    messages = []
    for start in range(0, len(data), piece_bytes):
        chunks.feed(data[start : start + piece_bytes])
        while (message := chunks.next_message()) is not None:
            messages.append(message)
    return messages


MESSAGES = st.builds(
    Message,
    type_id=st.sampled_from([8, 9, 18, 20]),
    timestamp_ms=st.integers(0, 0xFFFFFFFF) | st.integers(0xFFFFFE, 0x1000001),
    stream_id=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=700),
)


@given(st.lists(MESSAGES, max_size=6), st.integers(1, 300), st.integers(1, 500))
def test_messages_survive_any_chunk_size_and_any_arrival(
    messages: list[Message], chunk_bytes: int, piece_bytes: int
) -> None:
    chunks = reader()
    chunks.chunk_bytes = chunk_bytes
    data = b"".join(write_message(message, 2 + index, chunk_bytes) for index, message in enumerate(messages))
    assert read_all(chunks, data, piece_bytes) == messages
    assert chunks.held_bytes == 0


def test_chunks_of_two_messages_may_be_interleaved() -> None:
    video, audio = Message(9, 40, 1, b"v" * 300), Message(8, 40, 1, b"a" * 200)
    first, second = write_message(video, 6), write_message(audio, 4)
    # 12 bytes of header and 128 of data, then 1 and 128 for each chunk that follows.
    data = first[:140] + second[:140] + first[140:269] + second[140:] + first[269:]
    assert read_all(reader(), data) == [audio, video]


@pytest.mark.parametrize(
    ("basic_header", "chunk_stream_id"), [(b"\x00\x00", 64), (b"\x00\xff", 319), (b"\x01\x00\x01", 320)]
)
def test_large_chunk_stream_ids_take_more_bytes(basic_header: bytes, chunk_stream_id: int) -> None:
    assert chunk_stream_id >= 64
    header = b"\x00\x00\x05" + b"\x00\x00\x01" + b"\x08" + b"\x01\x00\x00\x00"
    chunks = reader()
    assert read_all(chunks, basic_header + header + b"x", 1) == [Message(8, 5, 1, b"x")]
    following = bytes((basic_header[0] | 0xC0,)) + basic_header[1:]
    assert read_all(chunks, following + b"y", 1) == [Message(8, 10, 1, b"y")]


def test_times_that_are_differences_add_up() -> None:
    full = b"\x04" + b"\x00\x03\xe8" + b"\x00\x00\x01" + b"\x08" + b"\x01\x00\x00\x00" + b"a"
    same_stream = b"\x44" + b"\x00\x00\x17" + b"\x00\x00\x02" + b"\x08" + b"bb"
    time_only = b"\x84" + b"\x00\x00\x15" + b"cc"
    nothing = b"\xc4" + b"dd"
    times = [message.timestamp_ms for message in read_all(reader(), full + same_stream + time_only + nothing * 2, 1)]
    assert times == [1000, 1023, 1044, 1065, 1086]


@pytest.mark.parametrize("is_repeated", [True, False], ids=["repeated", "left out"])
def test_the_extended_time_may_be_repeated_in_following_chunks_or_not(is_repeated: bool) -> None:
    message = Message(9, 0x01020304, 1, b"z" * 300)
    data = write_message(message, 6)
    if not is_repeated:
        data = data.replace(b"\xc6\x01\x02\x03\x04", b"\xc6")
    assert read_all(reader(), data, 3) == [message]


def test_time_wraps_at_32_bits() -> None:
    first = write_message(Message(8, 0xFFFFFFF0, 1, b"a"), 4)
    then = b"\x44" + b"\x00\x00\x20" + b"\x00\x00\x01" + b"\x08" + b"b"
    assert [message.timestamp_ms for message in read_all(reader(), first + then)] == [0xFFFFFFF0, 0x10]


def test_an_aborted_message_is_forgotten() -> None:
    chunks = reader()
    assert read_all(chunks, write_message(Message(9, 0, 1, b"v" * 1000), 6)[:269]) == []
    assert chunks.held_bytes == 256
    chunks.abort(6)
    chunks.abort(60)
    assert chunks.held_bytes == 0
    assert read_all(chunks, write_message(Message(9, 0, 1, b"w"), 6)) == [Message(9, 0, 1, b"w")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xc9" + b"x" * 300, "begins without a length"),
        (b"\x89" + b"x" * 300, "begins without a length"),
        (b"\x04" + bytes(3) + b"\x00\x02\x00" + b"\x09" + bytes(4) + b"x" * 128 + b"\x04" + bytes(11), "inside"),
        (b"\x04" + bytes(3) + b"\xff\xff\xff" + b"\x09" + bytes(4), "longer than"),
        (b"\x03" + bytes(3) + b"\x01\x00\x01" + b"\x14" + bytes(4), "longer than"),
        (b"".join(bytes((number,)) + bytes(11) for number in range(2, 40)), "too many chunk streams"),
    ],
    ids=["nothing known", "only a time known", "message in message", "16 MB", "64 KB command", "40 streams"],
)
def test_what_breaks_the_rules_ends_the_connection(data: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        read_all(reader(), data, 7)


def test_strangers_may_not_announce_a_long_message() -> None:
    with pytest.raises(ProtocolError, match="longer than"):
        read_all(reader(is_authorised=False), write_message(Message(9, 0, 1, bytes(100_000)), 6))


@pytest.mark.parametrize("is_authorised", [True, False], ids=["publisher", "stranger"])
def test_unfinished_messages_are_bounded_together(is_authorised: bool) -> None:
    limits = replace(LIMITS, partial_bytes=1 << 20)
    chunks = reader(limits, is_authorised=is_authorised)
    chunks.chunk_bytes = 50_000
    begun = b"".join(
        bytes((number,)) + bytes(3) + (60_000).to_bytes(3) + b"\x12" + bytes(4) + bytes(50_000)
        for number in range(3, 30)
    )
    bound = limits.partial_bytes if is_authorised else limits.unauthorised_bytes
    held = []

    def flood() -> None:
        for start in range(0, len(begun), 4096):
            read_all(chunks, begun[start : start + 4096])
            held.append(chunks.held_bytes)

    with pytest.raises(ProtocolError, match="unfinished"):
        flood()
    assert max(held) <= bound
