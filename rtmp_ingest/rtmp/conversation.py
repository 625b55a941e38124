"""The server's side of an RTMP connection without its I/O: bytes in, events and answers out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl

from millrace.media.flv import FlvTag
from rtmp_ingest.rtmp import amf0, enhanced, messages
from rtmp_ingest.rtmp.chunks import MAX_CHUNK_BYTES, ChunkReader, Message
from rtmp_ingest.rtmp.enhanced import Codecs
from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.handshake import Handshake
from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.messages import MessageType
from rtmp_ingest.rtmp.publishing import PublishAsked, Refusal

__all__ = ["Conversation", "Event", "Stage", "Unpublished"]

_STREAM_ID: Final = 1
_MIN_WINDOW_BYTES: Final = 64 << 10
_MAX_TEXT: Final = 200
_MAX_PARAMETERS: Final = 16
_MEDIA: Final = frozenset(map(int, (MessageType.AUDIO, MessageType.VIDEO, MessageType.DATA, MessageType.DATA_AMF3)))


class Stage(Enum):
    """How far a connection has come."""

    HANDSHAKE = 1
    COMMANDS = 2
    AUTHORISING = 3
    PUBLISHING = 4
    ENDED = 5


@dataclass(frozen=True, slots=True)
class Unpublished:
    """The publisher says that it is done."""


Event = FlvTag | PublishAsked | Unpublished


class Conversation:
    """Follow one publisher; whoever drives it sends `take_output` after every call.

    After `PublishAsked` call `accept` or `refuse` before asking for the next event.
    """

    def __init__(self, limits: Limits, codecs: Codecs) -> None:
        self._limits = limits
        self._codecs = codecs
        self._handshake = Handshake()
        self._chunks = ChunkReader(limits)
        self._output = bytearray()
        self._window_bytes = limits.acknowledge_every_bytes
        self._acknowledged_bytes = 0
        self._app: str | None = None
        self._encoder = ""
        self.stage = Stage.HANDSHAKE
        self.received_bytes = 0
        self.message_count = 0
        # It announced the end; losing the connection now is no accident.
        self.has_said_goodbye = False
        self.can_reconnect = False

    @property
    def held_bytes(self) -> int:
        """Return how much memory unfinished messages take."""
        return self._chunks.held_bytes

    def take_output(self) -> bytes:
        """Return what has to be sent, once."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def receive(self, data: bytes) -> Iterator[Event]:
        """Take bytes of the publisher; raises ProtocolError, after which nothing more may be received."""
        self.received_bytes += len(data)
        if self.stage is Stage.HANDSHAKE:
            self._output += self._handshake.feed(data)
            if self._handshake.rest is None:
                return
            self.stage = Stage.COMMANDS
            data = self._handshake.rest
        self._chunks.feed(data)
        while self.stage is not Stage.ENDED and (message := self._chunks.next_message()) is not None:
            self.message_count += 1
            # Nearly all messages are media: they take the short way.
            if message.type_id in _MEDIA:
                # Before a publish, and after its end, there is nobody to take it.
                if self.stage is Stage.PUBLISHING and (tag := messages.media_tag(message)) is not None:
                    yield tag
            else:
                yield from self._handle(message)
        # Half a window early: an encoder that waits for it must not wait.
        if self.received_bytes - self._acknowledged_bytes >= self._window_bytes // 2:
            self._acknowledged_bytes = self.received_bytes
            self._output += messages.acknowledgement(self.received_bytes)

    def accept(self) -> None:
        """Let the publisher send."""
        self.stage = Stage.PUBLISHING
        self._chunks.is_authorised = True
        self._output += messages.stream_begin(_STREAM_ID)
        self._output += messages.on_status("NetStream.Publish.Start", "Publishing.", stream_id=_STREAM_ID)

    def refuse(self, refusal: Refusal) -> None:
        """Tell the publisher that it may not."""
        self._end(refusal.code, refusal.description)

    def dismiss(self, description: str) -> None:
        """Tell a publisher that its stream ends here."""
        self._end("NetStream.Publish.Denied", description)

    def ask_to_reconnect(self, description: str) -> None:
        """Ask an encoder that can (`can_reconnect`) to open a new connection before it leaves this one."""
        self._output += messages.on_status("NetConnection.Connect.ReconnectRequest", description, stream_id=0)

    def ping(self, timestamp_ms: int) -> None:
        """Ask for a sign of life."""
        self._output += messages.ping(timestamp_ms)

    def _end(self, code: str, description: str) -> None:
        self.stage = Stage.ENDED
        self._output += messages.on_status(code, description, stream_id=_STREAM_ID, level="error")

    def _handle(self, message: Message) -> Iterator[Event]:
        kind, payload = message.type_id, message.payload
        if kind == MessageType.COMMAND:
            yield from self._command(amf0.decode(payload, self._limits))
        elif kind == MessageType.COMMAND_AMF3:
            yield from self._command(amf0.decode(payload[1:], self._limits))
        elif kind == MessageType.AGGREGATE:
            for inner in messages.aggregated(message):
                if self.stage is Stage.PUBLISHING and (tag := messages.media_tag(inner)) is not None:
                    yield tag
        else:
            self._control(kind, payload)

    def _control(self, kind: int, payload: bytes) -> None:
        if kind == MessageType.SET_CHUNK_SIZE:
            chunk_bytes = messages.control_number(payload) & 0x7FFFFFFF
            if not chunk_bytes:
                raise ProtocolError("chunks of no bytes")
            self._chunks.chunk_bytes = min(chunk_bytes, MAX_CHUNK_BYTES)
        elif kind == MessageType.ABORT:
            self._chunks.abort(messages.control_number(payload))
        elif kind == MessageType.WINDOW_SIZE:
            window = messages.control_number(payload)
            self._window_bytes = max(_MIN_WINDOW_BYTES, min(window, self._limits.acknowledge_every_bytes))
        elif kind == MessageType.USER_CONTROL:
            self._output += messages.pong(payload) or b""

    def _command(self, values: list[amf0.Value]) -> Iterator[Event]:
        name = values[0] if values else None
        if not isinstance(name, str):
            raise ProtocolError("a command without a name")
        second = values[1] if len(values) > 1 else None
        transaction = second if isinstance(second, float) else 0.0
        if name == "publish":
            yield self._publish(values)
        elif name in ("deleteStream", "closeStream"):
            yield from self._unpublish()
        elif name == "FCUnpublish":
            self.has_said_goodbye = True
        elif (answer := self._ANSWERS.get(name)) is not None:
            answer(self, transaction, values)
        # Others, such as _checkbw and answers to our own: nothing to say.

    def _connect(self, transaction: float, values: list[amf0.Value]) -> None:
        asked = values[2] if len(values) > 2 else None
        if self._app is not None or not isinstance(asked, Mapping):
            raise ProtocolError("a second connect, or one without properties")
        self._app = _text(asked.get("app")).partition("?")[0].strip("/")
        self._encoder = _text(asked.get("flashVer"))
        self.can_reconnect = enhanced.can_reconnect(asked)
        self._output += messages.window_and_bandwidth(self._limits.acknowledge_every_bytes)
        self._output += messages.set_chunk_size(messages.ANSWER_CHUNK_BYTES)
        properties: dict[str, amf0.Value] = {"fmsVer": "FMS/3,0,1,123", "capabilities": 31}
        properties |= enhanced.answer(asked, self._codecs)
        information: dict[str, amf0.Value] = {
            "level": "status",
            "code": "NetConnection.Connect.Success",
            "description": "Connected.",
            "objectEncoding": 0,
        }
        self._output += messages.command("_result", transaction, properties, information)

    def _create_stream(self, transaction: float, _values: list[amf0.Value]) -> None:
        self._output += messages.command("_result", transaction, None, _STREAM_ID)

    def _release_stream(self, transaction: float, _values: list[amf0.Value]) -> None:
        self._output += messages.command("_result", transaction, None, None)

    def _fc_publish(self, transaction: float, _values: list[amf0.Value]) -> None:
        self._release_stream(transaction, _values)
        self._output += messages.command("onFCPublish", 0, None, {"code": "NetStream.Publish.Start"})

    def _play(self, _transaction: float, _values: list[amf0.Value]) -> None:
        self._end("NetStream.Play.Failed", "This address takes streams and plays none.")

    _ANSWERS: Final[Mapping[str, Callable[["Conversation", float, list[amf0.Value]], None]]] = {
        "connect": _connect,
        "createStream": _create_stream,
        "releaseStream": _release_stream,
        "FCPublish": _fc_publish,
        "play": _play,
    }

    def _publish(self, values: list[amf0.Value]) -> PublishAsked:
        if self._app is None or self.stage is not Stage.COMMANDS:
            raise ProtocolError("a publish before connect, or a second one")
        name = values[3] if len(values) > 3 else None
        if not isinstance(name, str) or len(name) > self._limits.stream_key_characters:
            raise ProtocolError("a publish without a stream key, or with one that is too long")
        key, _, query = name.partition("?")
        self.stage = Stage.AUTHORISING
        parameters = parse_qsl(query, keep_blank_values=True)[:_MAX_PARAMETERS]
        return PublishAsked(app=self._app, key=key.strip("/"), parameters=dict(parameters), encoder=self._encoder)

    def _unpublish(self) -> Iterator[Event]:
        if self.stage is Stage.PUBLISHING:
            self.stage = Stage.ENDED
            self.has_said_goodbye = True
            self._output += messages.on_status("NetStream.Unpublish.Success", "Stopped.", stream_id=_STREAM_ID)
            yield Unpublished()


def _text(value: amf0.Value) -> str:
    """Return a publisher's words, short and on one line; they go to the log."""
    if not isinstance(value, str):
        return ""
    return "".join(character for character in value[:_MAX_TEXT] if character.isprintable())
