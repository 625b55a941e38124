"""Let publishers in, keep their sessions, and let them go."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Protocol

from millrace.live.edge.model import Edge
from millrace.live.places import LivePlace
from millrace.media.flv import FlvTag
from millrace.platform.clock import now
from millrace.platform.ids import LiveSessionId
from rtmp_ingest.api_client import ApiClient, ApiRefused, ApiUnavailable, Grant
from rtmp_ingest.health import measure
from rtmp_ingest.metrics import METRICS_EVERY_S, embedded
from rtmp_ingest.patience import Patience
from rtmp_ingest.publication import EdgeTable, Publication
from rtmp_ingest.rtmp.publishing import Ending, EndingKind, Publisher, Refusal
from rtmp_ingest.stream import LiveStream, StreamSettings
from rtmp_ingest.uploader import PutObject, Uploader

__all__ = ["Ingest", "IngestSink", "Tools"]

logger = logging.getLogger(__name__)

BEAT_S: Final = 2.0
CHECK_S: Final = 0.5
# Room below the first tag for the other track's, as the clock wants it.
EARLIEST_MS: Final = 1000


class Table(EdgeTable, Protocol):
    """The table of the live edge."""

    def edges_of(self, session_id: LiveSessionId) -> Mapping[str, Edge]:
        """Return what a former ingest showed of each track."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every stream of the process uses.

    Storage and table have threads of their own: a table that does not answer must not hold up storage.
    """

    api: ApiClient
    put: PutObject
    table: Table
    storage_threads: Executor
    table_threads: Executor
    ffmpeg: str
    ladder: tuple[int, ...]


class Ingest:
    """Answer the RTMP server's question who may publish."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._sinks: set[IngestSink] = set()

    @property
    def stream_count(self) -> int:
        """Return how many streams there are."""
        return len(self._sinks)

    async def on_publish(self, publisher: Publisher) -> "IngestSink | Refusal":
        """Open or resume the session of a publisher's key, or say why not."""
        key = publisher.key + ("?test=1" if publisher.parameters.get("test") == "1" else "")
        try:
            grant = await self._tools.api.open_session(key, publisher.client.encoder)
        except ApiRefused as refused:
            logger.info("publish refused", extra={"reason": refused.slug, "address": publisher.client.address})
            return Refusal(refused.detail)
        except ApiUnavailable:
            logger.exception("the API does not answer")
            return Refusal("The platform does not answer at the moment. Please try again.")
        sink = IngestSink(self._tools, publisher, grant, self._sinks.discard)
        await sink.start()
        self._sinks.add(sink)
        return sink


class IngestSink:
    """Take the media of one publish, and tell the platform how it goes."""

    def __init__(
        self, tools: Tools, publisher: Publisher, grant: Grant, on_end: "Callable[[IngestSink], None]"
    ) -> None:
        self._tools = tools
        self._publisher = publisher
        self._grant = grant
        self._on_end = on_end
        self._task: asyncio.Task[None] | None = None
        self._is_ours = True
        self._shall_end = False
        self._is_closing = False
        self._measured_s = 0.0
        self._tracks: tuple[str, ...] = ()
        self._stream: LiveStream | None = None
        self._publication: Publication | None = None

    async def start(self) -> None:
        """Find out where the session stands, and begin to keep it."""
        grant, tools = self._grant, self._tools
        patience = Patience(tools.table_threads)
        edges = await patience.insist(tools.table.edges_of, grant.session_id) if grant.period else {}
        publication = Publication(
            grant.session_id,
            grant.epoch,
            LivePlace(grant.home, grant.video_id, grant.session_id),
            Uploader(tools.put, tools.storage_threads),
            tools.table,
            patience,
            first_segment=grant.next_segment,
            first_part=grant.first_part,
            next_parts=grant.next_part,
            edges=edges,
        )
        settings = StreamSettings(
            ffmpeg=tools.ffmpeg,
            ladder=tools.ladder,
            first_period=grant.period,
            first_segment=grant.next_segment,
            # One time line through all publishers of a session: a later one begins later.
            start_ms=max(EARLIEST_MS, int((now() - grant.began_at).total_seconds() * 1000)),
            dismiss=self._dismiss,
        )
        self._publication, self._stream = publication, LiveStream(settings, publication)
        self._task = asyncio.create_task(self._look_after(self._stream, publication))
        self._task.add_done_callback(self._on_stopped)
        logger.info("publish begins", extra=self._facts({"period": grant.period, "epoch": grant.epoch}))

    async def write(self, tag: FlvTag) -> None:
        """Take a tag."""
        if self._stream is not None:
            await self._stream.write(tag)

    async def close(self, ending: Ending) -> None:
        """Publish the last of it, then tell the platform whether the publisher may come back."""
        logger.info("publish ends", extra=self._facts({"kind": ending.kind.value, "reason": ending.reason}))
        # Beats go on while the last of it is stored, and tell what they told before.
        self._is_closing = True
        try:
            if self._stream is not None:
                await self._stream.close()
        finally:
            if self._task is not None:
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task
            await self._tell(ending)
            self._on_end(self)

    async def _tell(self, ending: Ending) -> None:
        if not self._is_ours:
            return
        has_ended = self._shall_end or ending.kind is EndingKind.UNPUBLISHED
        tell = self._tools.api.end if has_ended else self._tools.api.interrupt
        try:
            await tell(self._grant.session_id, self._grant.epoch)
        except (ApiRefused, ApiUnavailable) as error:
            # The lease runs out by itself.
            logger.warning("the platform did not hear of the end", extra=self._facts({"reason": str(error)}))

    async def _look_after(self, stream: LiveStream, publication: Publication) -> None:
        """Check the stream, and beat: every two seconds, and at once when viewers can begin to watch."""
        beaten_s = 0.0
        had_media = False
        while True:
            now_s = time.monotonic()
            stream.check(now_s)
            # Players give up on playlists that have parts and no segment: the first viewers come when there is one.
            is_there = publication.last_named > 0 and stream.period is not None and stream.period.has_media
            has_media = had_media if self._is_closing else is_there
            if has_media != had_media or now_s - beaten_s >= BEAT_S:
                had_media, beaten_s = has_media, now_s
                await self._beat(stream, publication, has_media=has_media)
            await asyncio.sleep(CHECK_S if has_media else CHECK_S / 5)

    async def _beat(self, stream: LiveStream, publication: Publication, *, has_media: bool) -> None:
        health = measure(stream, publication, self._publisher.client)
        if time.monotonic() - self._measured_s >= METRICS_EVERY_S:
            self._measured_s = time.monotonic()
            logger.info("stream", extra=self._facts(embedded(health)))
        if stream.period is not None:
            self._tracks = stream.period.tracks
        try:
            beaten = await self._tools.api.beat(
                self._grant.session_id, self._grant.epoch, has_media=has_media, tracks=self._tracks, health=health
            )
        except ApiRefused as refused:
            self._is_ours = False
            self._dismiss(f"the stream has ended here: {refused.detail}")
            return
        except ApiUnavailable as error:
            logger.warning("a beat was not heard", extra=self._facts({"reason": str(error)}))
            return
        if beaten.command == "end":
            self._shall_end = True
            self._dismiss("the stream was ended by its channel")

    def _on_stopped(self, task: "asyncio.Task[None]") -> None:
        """A stream that nobody looks after must not go on: its lease would run out unnoticed."""
        if not task.cancelled() and task.exception() is not None:
            logger.error("looking after a stream broke off", exc_info=task.exception())
            self._dismiss("the platform has a fault: please try again")

    def _dismiss(self, reason: str) -> None:
        logger.warning("publish dismissed", extra=self._facts({"reason": reason}))
        self._publisher.disconnect(reason)

    def _facts(self, more: Mapping[str, object]) -> dict[str, object]:
        return {"session": self._grant.session_id, **more}
