"""What a publisher says, as bytes."""

from collections.abc import Mapping

from millrace.media.flv import FlvTag
from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.chunks import ChunkReader, Message, write_message
from rtmp_ingest.rtmp.conversation import Conversation, Event
from rtmp_ingest.rtmp.enhanced import Codecs
from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.messages import MessageType
from rtmp_ingest.rtmp.publishing import PublishAsked

GREETING = bytes((3,)) + bytes(range(256)) * 6
ECHO = bytes(1536)
HANDSHAKE = GREETING + ECHO
LIMITS = Limits()


def command(name: str, transaction: float, *values: amf0.Value, stream_id: int = 0) -> bytes:
    payload = amf0.encode(name, transaction, *values)
    return write_message(Message(MessageType.COMMAND, 0, stream_id, payload), 3)


def connect(properties: Mapping[str, amf0.Value] | None = None) -> bytes:
    asked = {"app": "live", "flashVer": "FMLE/3.0 (compatible; test)", "tcUrl": "rtmp://host/live"}
    return command("connect", 1, {**asked, **(properties or {})})


def create_stream() -> bytes:
    return command("createStream", 2, None)


def publish(key: str = "secret") -> bytes:
    return command("publish", 3, None, key, "live", stream_id=1)


def opening(key: str = "secret", properties: Mapping[str, amf0.Value] | None = None) -> bytes:
    """Everything up to the publish."""
    return HANDSHAKE + connect(properties) + create_stream() + publish(key)


def media(type_id: MessageType, timestamp_ms: int, payload: bytes, chunk_bytes: int = 128) -> bytes:
    chunk_stream = {MessageType.AUDIO: 4, MessageType.VIDEO: 6}.get(type_id, 5)
    return write_message(Message(type_id, timestamp_ms, 1, payload), chunk_stream, chunk_bytes)


def control(type_id: MessageType, payload: bytes, chunk_bytes: int = 128) -> bytes:
    return write_message(Message(type_id, 0, 0, payload), 2, chunk_bytes)


def conversation(limits: Limits = LIMITS) -> Conversation:
    return Conversation(limits, Codecs())


def hear(talk: Conversation, data: bytes) -> list[Event]:
    """Drive a conversation like a server that accepts whoever publishes."""
    events: list[Event] = []
    for event in talk.receive(data):
        if isinstance(event, PublishAsked):
            talk.accept()
        events.append(event)
    return events


def publishing(limits: Limits = LIMITS) -> Conversation:
    """Return a conversation in which media may come."""
    talk = conversation(limits)
    hear(talk, opening())
    talk.take_output()
    return talk


def tags(events: list[Event]) -> list[FlvTag]:
    return [event for event in events if isinstance(event, FlvTag)]


def answers(output: bytes) -> list[list[amf0.Value]]:
    """Return the commands among what the server said, after the handshake."""
    reader = ChunkReader(LIMITS)
    reader.feed(output)
    commands = []
    while (message := reader.next_message()) is not None:
        if message.type_id == MessageType.SET_CHUNK_SIZE:
            reader.chunk_bytes = int.from_bytes(message.payload)
        elif message.type_id == MessageType.COMMAND:
            commands.append(amf0.decode(message.payload, LIMITS))
    return commands
