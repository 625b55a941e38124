"""RTMP's messages by type: what the server sends, and what is inside those that it receives."""

import struct
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Final

from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.chunks import Message, write_message
from rtmp_ingest.rtmp.errors import ProtocolError

__all__ = [
    "ANSWER_CHUNK_BYTES",
    "MessageType",
    "acknowledgement",
    "aggregated",
    "command",
    "control_number",
    "media_tag",
    "on_status",
    "ping",
    "pong",
    "set_chunk_size",
    "stream_begin",
    "window_and_bandwidth",
]

# Large enough for every answer in one chunk.
ANSWER_CHUNK_BYTES: Final = 4096
# Chunk stream 2 is for control (5.4); the others are ours to choose.
_CONTROL_STREAM: Final = 2
_COMMAND_STREAM: Final = 3
_DYNAMIC: Final = 2
_STREAM_BEGIN, _PING, _PONG = 0, 6, 7
_SET_DATA_FRAME: Final = amf0.encode("@setDataFrame")
_TAG_HEADER_BYTES: Final = 11


class MessageType(IntEnum):
    """The types that are looked at; others are passed over (5.4, 7.1)."""

    SET_CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_SIZE = 5
    PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA_AMF3 = 15
    COMMAND_AMF3 = 17
    DATA = 18
    COMMAND = 20
    AGGREGATE = 22


_TAG_KINDS: Final[dict[int, TagKind]] = {
    MessageType.AUDIO: TagKind.AUDIO,
    MessageType.VIDEO: TagKind.VIDEO,
    MessageType.DATA: TagKind.SCRIPT,
    MessageType.DATA_AMF3: TagKind.SCRIPT,
}


def set_chunk_size(chunk_bytes: int) -> bytes:
    """Say how long the server's chunks are from now on."""
    return _control(MessageType.SET_CHUNK_SIZE, struct.pack(">I", chunk_bytes))


def acknowledgement(received_bytes: int) -> bytes:
    """Say how much has arrived; the number wraps."""
    return _control(MessageType.ACKNOWLEDGEMENT, struct.pack(">I", received_bytes & 0xFFFFFFFF))


def window_and_bandwidth(window_bytes: int) -> bytes:
    """Say how often either side acknowledges."""
    window = _control(MessageType.WINDOW_SIZE, struct.pack(">I", window_bytes))
    return window + _control(MessageType.PEER_BANDWIDTH, struct.pack(">IB", window_bytes, _DYNAMIC))


def stream_begin(stream_id: int) -> bytes:
    """Say that a stream is in use."""
    return _control(MessageType.USER_CONTROL, struct.pack(">HI", _STREAM_BEGIN, stream_id))


def ping(timestamp_ms: int) -> bytes:
    """Ask the publisher for a sign of life."""
    return _control(MessageType.USER_CONTROL, struct.pack(">HI", _PING, timestamp_ms & 0xFFFFFFFF))


def pong(request: bytes) -> bytes | None:
    """Answer a user control message if it is a ping."""
    if len(request) < 6 or int.from_bytes(request[:2]) != _PING:
        return None
    return _control(MessageType.USER_CONTROL, struct.pack(">H", _PONG) + request[2:6])


def command(name: str, transaction: float, *arguments: amf0.Value, stream_id: int = 0) -> bytes:
    """Write a command, or the answer to one."""
    payload = amf0.encode(name, transaction, *arguments)
    message = Message(MessageType.COMMAND, 0, stream_id, payload)
    return write_message(message, _COMMAND_STREAM, ANSWER_CHUNK_BYTES)


def on_status(
    code: str, description: str, *, stream_id: int, level: str = "status", more: Mapping[str, amf0.Value] | None = None
) -> bytes:
    """Tell the publisher how its stream stands; `description` is what encoders show to people."""
    information: dict[str, amf0.Value] = {"level": level, "code": code, "description": description, **(more or {})}
    return command("onStatus", 0, None, information, stream_id=stream_id)


def control_number(payload: bytes) -> int:
    """Return the number that a control message consists of."""
    if len(payload) < 4:
        raise ProtocolError("a control message that is cut short")
    return int.from_bytes(payload[:4])


def media_tag(message: Message) -> FlvTag | None:
    """Return a message of sound, pictures or metadata as an FLV tag; None for others and for an empty one."""
    kind, payload = _TAG_KINDS.get(message.type_id), message.payload
    if kind is TagKind.SCRIPT:
        if message.type_id == MessageType.DATA_AMF3:
            # The same values behind a byte that says so.
            payload = payload[1:]
        payload = payload.removeprefix(_SET_DATA_FRAME)
    return FlvTag(kind, message.timestamp_ms, payload) if kind is not None and payload else None


def aggregated(message: Message) -> Iterator[Message]:
    """Return the messages inside an aggregate (7.1.6); their times move by the same amount."""
    data, position, shift_ms = message.payload, 0, None
    while position + _TAG_HEADER_BYTES <= len(data):
        type_id, size = data[position], int.from_bytes(data[position + 1 : position + 4])
        timestamp_ms = int.from_bytes(data[position + 4 : position + 7]) | data[position + 7] << 24
        start = position + _TAG_HEADER_BYTES
        if start + size > len(data):
            raise ProtocolError("an aggregate message that is cut short")
        shift_ms = message.timestamp_ms - timestamp_ms if shift_ms is None else shift_ms
        payload = data[start : start + size]
        yield Message(type_id, timestamp_ms + shift_ms & 0xFFFFFFFF, message.stream_id, payload)
        position = start + size + 4


def _control(type_id: MessageType, payload: bytes) -> bytes:
    return write_message(Message(type_id, 0, 0, payload), _CONTROL_STREAM)
