"""Drive one connection: read, let the conversation understand, hand the media on, end it in good order."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Final

from millrace.media.flv import FlvTag
from rtmp_ingest.rtmp.conversation import Conversation, Stage, Unpublished
from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.publishing import Client, Ending, EndingKind, OnPublish, PublishAsked, Refusal, Sink
from rtmp_ingest.rtmp.wire import Wire

__all__ = ["Connection"]

_UNAVAILABLE: Final = Refusal("The server cannot check the stream key now. Try again in a moment.")
_STOPPING: Final = "The server restarts. Connect again."

logger = logging.getLogger(__name__)


class Connection:
    """One publisher, from its first byte to its last; also the `Publisher` that the sink's side sees."""

    def __init__(
        self,
        wire: Wire,
        conversation: Conversation,
        limits: Limits,
        on_publish: OnPublish,
    ) -> None:
        self._wire = wire
        self._conversation = conversation
        self._limits = limits
        self._on_publish = on_publish
        self._asked: PublishAsked | None = None
        self._sink: Sink | None = None
        self._ending: Ending | None = None
        self._reading: asyncio.Task[object] | None = None
        self._is_waiting = False
        self._opened_at = self._received_at = self._progressed_at = time.monotonic()
        self._message_count = 0
        host, port = (wire.information("peername") or ("", 0))[:2]
        self._address, self._port = str(host), int(port)

    def __repr__(self) -> str:
        return f"Connection({self._address}:{self._port}, {self._conversation.stage.name})"

    @property
    def app(self) -> str:
        """Return the part of the address before the key."""
        return self._asked.app if self._asked else ""

    @property
    def key(self) -> str:
        """Return the stream key: a secret."""
        return self._asked.key if self._asked else ""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return what stood behind the key as `?name=value`."""
        return self._asked.parameters if self._asked else {}

    @property
    def client(self) -> Client:
        """Return who publishes."""
        is_encrypted = self._wire.information("ssl_object") is not None
        encoder = self._asked.encoder if self._asked else ""
        return Client(self._address, self._port, encoder, is_encrypted)

    @property
    def received_bytes(self) -> int:
        """Return how much the connection received so far."""
        return self._conversation.received_bytes

    @property
    def held_bytes(self) -> int:
        """Return how much memory its unfinished messages take."""
        return self._conversation.held_bytes

    @property
    def is_publishing(self) -> bool:
        """Return whether media flows, or may flow."""
        return self._sink is not None

    @property
    def wants_to_publish(self) -> bool:
        """Return whether it publishes, or waits for leave to."""
        return self._conversation.stage in (Stage.AUTHORISING, Stage.PUBLISHING)

    def disconnect(self, reason: str) -> None:
        """Tell the publisher why, then end the connection; the sink is closed with `DISMISSED`."""
        self._drop(Ending(EndingKind.DISMISSED, reason), farewell=reason)

    def stop(self) -> None:
        """End the connection because the server stops."""
        self._drop(Ending(EndingKind.DRAINED, "the server stops"), farewell=_STOPPING)

    def ask_to_reconnect(self) -> bool:
        """Ask the encoder to come again elsewhere; says whether it is one that can."""
        if self.is_publishing and self._conversation.can_reconnect:
            self._conversation.ask_to_reconnect(_STOPPING)
            self._send()
            return True
        return False

    def check(self, now: float) -> None:
        """End the connection when it takes too long; called about once a second."""
        limits, stage = self._limits, self._conversation.stage
        if self._ending is not None or self._is_waiting:
            return
        age_s, silent_s = now - self._opened_at, now - self._received_at
        if self._message_count != self._conversation.message_count:
            self._message_count, self._progressed_at = self._conversation.message_count, now
        if stage is Stage.HANDSHAKE and age_s > limits.handshake_s:
            self._time_out("the handshake took too long")
        elif stage is Stage.COMMANDS and age_s > limits.publish_s:
            self._time_out("it connected and did not publish")
        elif silent_s > limits.idle_s:
            self._time_out("it fell silent")
        elif now - self._progressed_at > limits.stalled_s:
            self._time_out("its message did not end")
        elif stage is Stage.PUBLISHING and silent_s > limits.idle_s / 3:
            self._conversation.ping(int(age_s * 1000))
            self._send()

    async def run(self) -> Ending:
        """Serve the connection until it ends; raises nothing but its own cancellation."""
        ending = Ending(EndingKind.DRAINED, "the server stops")
        try:
            ending = await self._until_it_ends()
        finally:
            ending = self._ending or ending
            self._log(ending)
            await self._close_sink(ending)
            if self._conversation.stage is Stage.ENDED:
                await self._say_farewell(ending)
            await self._wire.close()
        return ending

    async def _until_it_ends(self) -> Ending:
        try:
            while data := await self._read():
                await self._take(data)
                self._received_at = time.monotonic()
                self._send()
                if self._ending is not None or self._conversation.stage is Stage.ENDED:
                    return Ending(EndingKind.DISMISSED, "it wanted to play")
        except ProtocolError as error:
            return Ending(EndingKind.MALFORMED, str(error))
        return self._lost("the connection was closed")

    async def _read(self) -> bytes:
        """Return what arrived; nothing at the end, and at once when the connection has to end."""
        self._reading = task = asyncio.current_task()
        try:
            return await self._wire.read()
        except asyncio.CancelledError:
            if self._ending is None or task is None:
                raise
            task.uncancel()
            return b""
        finally:
            self._reading = None

    async def _take(self, data: bytes) -> None:
        # Time that the sink or the API takes is not the publisher's silence.
        self._is_waiting = True
        try:
            for event in self._conversation.receive(data):
                if isinstance(event, FlvTag):
                    await self._write(event)
                elif isinstance(event, Unpublished):
                    self._ending = Ending(EndingKind.UNPUBLISHED, "the publisher stopped")
                else:
                    await self._authorise(event)
                if self._ending is not None:
                    break
        finally:
            self._is_waiting = False

    async def _write(self, tag: FlvTag) -> None:
        if self._sink is None:
            return
        try:
            await self._sink.write(tag)
        except Exception:
            logger.exception("whoever takes the media failed", extra={"address": self._address})
            self.disconnect("The server cannot take the stream any more. Try again.")

    async def _authorise(self, asked: PublishAsked) -> None:
        # What answers connect and createStream must not wait for the API.
        self._send()
        self._asked = asked
        try:
            async with asyncio.timeout(self._limits.authorise_s):
                answer = await self._on_publish(self)
        except Exception:
            logger.exception("a publish could not be checked", extra={"address": self._address})
            answer = _UNAVAILABLE
        if isinstance(answer, Refusal):
            self._ending = Ending(EndingKind.DISMISSED, f"refused: {answer.description}")
            self._conversation.refuse(answer)
            return
        self._sink = answer
        if self._ending is None:
            self._conversation.accept()
            self._send()

    def _send(self) -> None:
        self._wire.write(self._conversation.take_output())
        if self._wire.unsent_bytes > self._limits.unread_answer_bytes:
            self._cut_off(Ending(EndingKind.MALFORMED, "it does not read the answers"))

    def _drop(self, ending: Ending, *, farewell: str) -> None:
        if self._ending is not None:
            return
        self._ending = ending
        if self._conversation.stage is Stage.PUBLISHING:
            self._conversation.dismiss(farewell)
            self._send()
        # Elsewhere, in a sink's `write` say, it comes back by itself and finds the ending.
        if self._reading is not None:
            self._reading.cancel()

    def _time_out(self, reason: str) -> None:
        self._cut_off(Ending(EndingKind.LOST if self.is_publishing else EndingKind.MALFORMED, reason))

    def _cut_off(self, ending: Ending) -> None:
        self._ending = self._ending or ending
        self._wire.abort()

    async def _say_farewell(self, ending: Ending) -> None:
        """Let the publisher read the last answer: closing with unread input in hand would destroy it on its way."""
        # Who stopped by itself closes by itself; GStreamer takes it for an error if we are first.
        if ending.kind is not EndingKind.UNPUBLISHED:
            self._wire.finish_writing()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.farewell_s):
                while await self._wire.read():
                    pass

    async def _close_sink(self, ending: Ending) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        try:
            await sink.close(ending)
        except Exception:
            logger.exception("whoever takes the media failed to close", extra={"address": self._address})

    def _lost(self, reason: str) -> Ending:
        if self._conversation.has_said_goodbye:
            return Ending(EndingKind.UNPUBLISHED, "the publisher stopped")
        return Ending(EndingKind.LOST, reason)

    def _log(self, ending: Ending) -> None:
        level = logging.WARNING if ending.kind is EndingKind.MALFORMED else logging.INFO
        if not self.received_bytes:
            # Load balancers look every few seconds whether the port is open.
            level = logging.DEBUG
        fields = {
            "address": self._address,
            "ending": ending.kind.value,
            "reason": ending.reason,
            "encoder": self._asked.encoder if self._asked else "",
            "received_bytes": self.received_bytes,
            "lasted_s": round(time.monotonic() - self._opened_at, 1),
        }
        logger.log(level, "connection ended", extra=fields)
