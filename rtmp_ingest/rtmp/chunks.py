"""Put messages together from chunks, and cut them into chunks (RTMP 1.0, clause 5.3).

A message comes as chunks on a chunk stream; chunks of several messages are interleaved. Whatever of a
chunk has arrived is consumed at once, so a connection never holds more than its unfinished messages.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.limits import Limits

__all__ = ["DEFAULT_CHUNK_BYTES", "MAX_CHUNK_BYTES", "ChunkReader", "Message", "write_message"]

DEFAULT_CHUNK_BYTES: Final = 128
# No message is longer, so a larger chunk size means the same (5.4.1).
MAX_CHUNK_BYTES: Final = 0xFFFFFF
_EXTENDED: Final = 0xFFFFFF
_TIME_MASK: Final = 0xFFFFFFFF
# Bytes of the message header by format: full, same stream, time only, nothing.
_HEADER_BYTES: Final = (11, 7, 3, 0)
_CONTINUES: Final = 3
_MEDIA_TYPES: Final = frozenset({8, 9, 22})


class Message(NamedTuple):
    """A whole message; `timestamp_ms` has 32 bits and wraps. A tuple: they are made by the hundred."""

    type_id: int
    timestamp_ms: int
    stream_id: int
    payload: bytes


@dataclass(slots=True)
class _ChunkStream:
    """What the headers of a chunk stream said last, and what has come of its message."""

    timestamp_ms: int = 0
    # The header's time field: absolute in a full header, else since the message before.
    time_field: int = 0
    is_extended: bool = False
    length: int = 0
    type_id: int = 0
    stream_id: int = 0
    is_open: bool = False
    # The byte that a chunk begins with which goes on with a message; 0 if it takes more than one byte.
    continuation: int = 0
    payload: bytearray = field(default_factory=bytearray)


class ChunkReader:
    """Turn bytes into messages: `feed` what arrived, then ask for the `next_message` until there is none."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._position = 0
        self._streams: dict[int, _ChunkStream] = {}
        self._current: _ChunkStream | None = None
        self._chunk_left = 0
        self._partial_bytes = 0
        self.chunk_bytes = DEFAULT_CHUNK_BYTES
        # Whether media is expected: until then messages are small.
        self.is_authorised = False

    @property
    def held_bytes(self) -> int:
        """Return how much memory unfinished messages and unread bytes take."""
        return self._partial_bytes + len(self._buffer) - self._position

    def feed(self, data: bytes) -> None:
        """Append bytes from the publisher."""
        del self._buffer[: self._position]
        self._position = 0
        self._buffer += data

    def next_message(self) -> Message | None:
        """Return the next whole message, None when bytes are lacking; raises ProtocolError."""
        while True:
            if self._current is None and not self._read_header():
                return None
            stream = self._current
            if stream is None:
                return None
            if not stream.payload and (payload := self._whole(stream)) is not None:
                self._current, stream.is_open = None, False
                return Message(stream.type_id, stream.timestamp_ms, stream.stream_id, payload)
            self._keep(stream)
            if self._chunk_left:
                return None
            self._current = None
            if len(stream.payload) == stream.length:
                return self._complete(stream)

    def abort(self, chunk_stream_id: int) -> None:
        """Forget the unfinished message of a chunk stream (5.4.2)."""
        stream = self._streams.get(chunk_stream_id)
        if stream is not None:
            self._partial_bytes -= len(stream.payload)
            stream.payload, stream.is_open = bytearray(), False

    def _whole(self, stream: _ChunkStream) -> bytes | None:
        """Return the message that begins here if all of its chunks are in hand, one by one: the usual case."""
        start, chunk_bytes = self._position, self.chunk_bytes
        followers = max(0, stream.length - 1) // chunk_bytes
        end = start + stream.length + followers
        if end > len(self._buffer) or (followers and (stream.is_extended or not stream.continuation)):
            return None
        if not followers:
            self._position = end
            return bytes(memoryview(self._buffer)[start:end])
        # Between the chunks stands one byte each, the same for all of them.
        between = slice(chunk_bytes, None, chunk_bytes + 1)
        data = self._buffer[start:end]
        if data[between].count(stream.continuation) != followers:
            return None
        del data[between]
        self._position = end
        return bytes(data)

    def _keep(self, stream: _ChunkStream) -> None:
        """Take what is here of the current chunk."""
        taken = min(self._chunk_left, len(self._buffer) - self._position)
        end = self._position + taken
        self._partial_bytes += taken
        limit = self._limits.partial_bytes if self.is_authorised else self._limits.unauthorised_bytes
        if self._partial_bytes > limit:
            raise ProtocolError("too many bytes in unfinished messages")
        stream.payload += memoryview(self._buffer)[self._position : end]
        self._position = end
        self._chunk_left -= taken

    def _complete(self, stream: _ChunkStream) -> Message:
        payload = bytes(stream.payload)
        self._partial_bytes -= len(payload)
        stream.payload, stream.is_open = bytearray(), False
        return Message(stream.type_id, stream.timestamp_ms, stream.stream_id, payload)

    def _read_header(self) -> bool:
        """Read a chunk's header (5.3.1) as soon as all of it is here."""
        data, position = self._buffer, self._position
        available = len(data) - position
        if not available:
            return False
        chunk_format, stream_id, basic_bytes = data[position] >> 6, data[position] & 0x3F, 1
        if stream_id < 2:
            # Ids from 64 take one or two more bytes (5.3.1.1).
            basic_bytes = 2 + stream_id
            if available < basic_bytes:
                return False
            stream_id = 64 + int.from_bytes(data[position + 1 : position + basic_bytes], "little")
        header_end = basic_bytes + _HEADER_BYTES[chunk_format]
        if available < header_end:
            return False
        stream = self._stream(stream_id, chunk_format)
        if chunk_format == _CONTINUES:
            return self._continue(stream, position + header_end, available - header_end)
        start = position + basic_bytes
        time_field = int.from_bytes(data[start : start + 3])
        is_extended = time_field == _EXTENDED
        if is_extended:
            if available < header_end + 4:
                return False
            time_field = int.from_bytes(data[position + header_end : position + header_end + 4])
            header_end += 4
        self._begin(stream, chunk_format, start, time_field, is_extended)
        self._position = position + header_end
        return True

    def _begin(self, stream: _ChunkStream, chunk_format: int, start: int, time_field: int, is_extended: bool) -> None:
        """Start a message with the header whose fields begin at `start`."""
        if stream.is_open:
            raise ProtocolError("a message begins inside another one")
        data = self._buffer
        if chunk_format < 2:
            stream.length = int.from_bytes(data[start + 3 : start + 6])
            stream.type_id = data[start + 6]
        if chunk_format == 0:
            stream.stream_id = int.from_bytes(data[start + 7 : start + 11], "little")
            stream.timestamp_ms = time_field
        else:
            stream.timestamp_ms = stream.timestamp_ms + time_field & _TIME_MASK
        stream.time_field, stream.is_extended = time_field, is_extended
        self._open(stream)

    def _continue(self, stream: _ChunkStream, position: int, available: int) -> bool:
        """Go on with a message, or start one whose header is that of the message before (5.3.1.2.4)."""
        if stream.is_extended:
            if available < 4:
                return False
            # The field is repeated here (5.3.1.3), but some encoders leave it out.
            if int.from_bytes(self._buffer[position : position + 4]) == stream.time_field:
                position += 4
        if stream.is_open:
            self._current = stream
            self._chunk_left = min(self.chunk_bytes, stream.length - len(stream.payload))
        else:
            stream.timestamp_ms = stream.timestamp_ms + stream.time_field & _TIME_MASK
            self._open(stream)
        self._position = position
        return True

    def _open(self, stream: _ChunkStream) -> None:
        limit = self._limits.command_bytes
        if self.is_authorised and stream.type_id in _MEDIA_TYPES:
            limit = self._limits.media_message_bytes
        if stream.length > limit:
            raise ProtocolError(f"a message of type {stream.type_id} that is longer than {limit} bytes")
        stream.is_open = True
        self._current = stream
        self._chunk_left = min(self.chunk_bytes, stream.length)

    def _stream(self, stream_id: int, chunk_format: int) -> _ChunkStream:
        stream = self._streams.get(stream_id)
        if stream is None:
            if chunk_format > 1:
                raise ProtocolError("a chunk stream that begins without a length")
            if len(self._streams) >= self._limits.chunk_streams:
                raise ProtocolError("too many chunk streams")
            stream = self._streams[stream_id] = _ChunkStream()
            stream.continuation = _CONTINUES << 6 | stream_id if stream_id < 64 else 0
        return stream


def write_message(message: Message, chunk_stream_id: int, chunk_bytes: int = DEFAULT_CHUNK_BYTES) -> bytes:
    """Cut a message into chunks with a full header; `chunk_stream_id` is one of 2 to 63."""
    is_extended = message.timestamp_ms >= _EXTENDED
    extended = message.timestamp_ms.to_bytes(4) if is_extended else b""
    payload = message.payload
    out = bytearray((chunk_stream_id,))
    out += min(message.timestamp_ms, _EXTENDED).to_bytes(3) + len(payload).to_bytes(3)
    out += bytes((message.type_id,)) + message.stream_id.to_bytes(4, "little") + extended
    out += payload[:chunk_bytes]
    for start in range(chunk_bytes, len(payload), chunk_bytes):
        out.append(0xC0 | chunk_stream_id)
        out += extended + payload[start : start + chunk_bytes]
    return bytes(out)
