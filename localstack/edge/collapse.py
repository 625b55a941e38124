"""One origin request for all who miss the same object at the same time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from edge.cache_key import CacheKey
from edge.compression import Compressor
from edge.headers import Headers, first
from edge.origin_client import OriginFailed, OriginReply
from edge.recording import Recording
from edge.store import Entry, Store, is_invalidated

MEMORY_BODY_BYTES = 1024 * 1024
# Larger ones are passed on to whoever asks, and not kept.
MAX_KEPT_BYTES = 512 * 1024 * 1024


class Found(Enum):
    """How an object was come by, as X-Cache says it."""

    HIT = "Hit from cloudfront"
    MISS = "Miss from cloudfront"
    REFRESHED = "RefreshHit from cloudfront"
    ERROR = "Error from cloudfront"


@dataclass(frozen=True, slots=True)
class Shared:
    """An object for everyone."""

    entry: Entry
    found: Found
    is_collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Unshared:
    """An answer for the one who asked first; who waited with them must ask on their own (reply None)."""

    reply: OriginReply | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """How to get an object from its origin, and what may be done with the answer."""

    send: Callable[[Headers], Awaitable[OriginReply]]
    lifetime_s: Callable[[int, Headers], int]
    error_lifetime_s: Callable[[int, Headers], int]
    compressor: Callable[[int, Headers], Compressor | None]
    # Above this nothing is kept: a viewer who wants a range of a large object gets it straight from the origin.
    max_bytes: int = MAX_KEPT_BYTES


class _Flight:
    """A miss on its way. `leader` is whoever asked first; they alone may have an unshared answer."""

    def __init__(self) -> None:
        self.outcome: asyncio.Future[Shared | Unshared] = asyncio.get_running_loop().create_future()
        self.is_doomed = False
        self.task: asyncio.Task[None] | None = None


class Collapser:
    """Serves from the store, and fills it with one request for each missing object."""

    def __init__(self, store: Store, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._flights: dict[CacheKey, _Flight] = {}
        # Bodies still coming after their flight has landed; asyncio keeps only weak references to tasks.
        self._tasks: set[asyncio.Task[None]] = set()

    async def obtain(self, key: CacheKey, fetch: Fetch) -> Shared | Unshared:
        """Return the object, from the cache or the origin. Raises OriginFailed.

        A caller that goes away does not disturb the others: the request lives in a task of its own.
        """
        now = self._clock()
        entry = self._store.get(key)
        if entry and entry.is_fresh(now):
            return Shared(entry, Found.HIT, is_collapsed=not entry.body.is_complete)
        flight = self._flights.get(key)
        if entry and entry.may_be_revalidated_later(now):
            if flight is None:
                _forget_outcome(self._launch(key, fetch, entry))
            return Shared(entry, Found.HIT)
        if flight:
            return await self._join(flight)
        flight = self._launch(key, fetch, entry)
        try:
            return await asyncio.shield(flight.outcome)
        except asyncio.CancelledError:
            _forget_outcome(flight)
            raise

    def has_fresh(self, key: CacheKey) -> bool:
        """Tell whether the object would be served without asking the origin."""
        entry = self._store.get(key)
        return entry is not None and entry.is_fresh(self._clock())

    def age_s(self, entry: Entry) -> int:
        """Return the Age of an object, now."""
        return entry.age_s(self._clock())

    def invalidate(self, distribution_id: str, paths: tuple[str, ...]) -> int:
        """Forget objects, and do not keep those on their way; return how many were kept."""
        for key, flight in list(self._flights.items()):
            if is_invalidated(key, distribution_id, paths):
                flight.is_doomed = True
                del self._flights[key]
        return self._store.invalidate(distribution_id, paths)

    async def close(self) -> None:
        """End what is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, flight: _Flight) -> Shared | Unshared:
        outcome = await asyncio.shield(flight.outcome)
        if isinstance(outcome, Unshared):
            return Unshared(None)
        found = Found.HIT if outcome.found is Found.MISS else outcome.found
        return Shared(outcome.entry, found, is_collapsed=True)

    def _launch(self, key: CacheKey, fetch: Fetch, stale: Entry | None) -> _Flight:
        flight = _Flight()
        self._flights[key] = flight
        task = asyncio.create_task(self._fly(flight, key, fetch, stale))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        flight.task = task
        return flight

    async def _fly(self, flight: _Flight, key: CacheKey, fetch: Fetch, stale: Entry | None) -> None:
        try:
            reply = await fetch.send(_conditions(stale))
        except OriginFailed as failure:
            covered = self._covered(key, stale, fetch, failure.status) if failure.status >= 500 else None
            self._land(key, flight, covered or failure)
            return
        except BaseException as error:
            self._land(key, flight, error)
            raise
        if reply.status == 304 and stale:
            reply.close()
            self._land(key, flight, self._renewed(key, flight, stale, reply.headers, fetch))
        elif reply.status >= 500 and (covered := self._covered(key, stale, fetch, reply.status)):
            reply.close()
            self._land(key, flight, covered)
        else:
            await self._keep(flight, key, reply, fetch)

    async def _keep(self, flight: _Flight, key: CacheKey, reply: OriginReply, fetch: Fetch) -> None:
        is_error = reply.status >= 400
        lifetime_s = (fetch.error_lifetime_s if is_error else fetch.lifetime_s)(reply.status, reply.headers)
        length = _length(reply.headers)
        if lifetime_s <= 0 or (length or 0) > fetch.max_bytes:
            self._store.drop(key)
            self._land(key, flight, Unshared(reply))
            return
        compressor = fetch.compressor(reply.status, reply.headers)
        headers = compressor.headers(reply.headers) if compressor else reply.headers
        body = Recording(self._directory, MEMORY_BODY_BYTES, None if compressor else length)
        entry = Entry(reply.status, headers, body, self._clock(), lifetime_s, _validator(reply))
        if not flight.is_doomed:
            self._store.put(key, entry)
        self._land(key, flight, Shared(entry, Found.ERROR if is_error else Found.MISS))
        await self._record(reply, body, compressor)
        self._store.settle(key, entry)

    async def _record(self, reply: OriginReply, body: Recording, compressor: Compressor | None) -> None:
        try:
            async for block in reply.blocks():
                body.write(compressor.compress(block) if compressor else block)
                if body.size > MAX_KEPT_BYTES:
                    raise OriginFailed(502, "the object is larger than the cache allows")
            if compressor:
                body.write(compressor.finish())
            body.finish()
        except (OriginFailed, OSError) as failure:
            # OSError: the disk is full. Viewers are cut off, and the object is not kept.
            body.fail(str(failure))
        except BaseException:
            body.fail("the edge stops")
            raise

    def _renewed(self, key: CacheKey, flight: _Flight, stale: Entry, headers: Headers, fetch: Fetch) -> Shared:
        # RFC 9111 4.3.4: what the 304 says replaces what was kept, but it does not describe the body.
        said = tuple(pair for pair in headers if pair[0] not in _OF_THE_BODY)
        names = {name for name, _ in said}
        merged = (*(pair for pair in stale.headers if pair[0] not in names | {"age"}), *said)
        entry = stale.renewed(self._clock(), fetch.lifetime_s(stale.status, merged), merged)
        if not flight.is_doomed:
            self._store.put(key, entry)
        return Shared(entry, Found.REFRESHED)

    def _covered(self, key: CacheKey, stale: Entry | None, fetch: Fetch, status: int) -> Shared | None:
        """Serve what is stale in the place of an error; the origin is left in peace for as long as errors are kept."""
        now = self._clock()
        if stale is None or not stale.may_cover_an_error(now):
            return None
        peace_s = fetch.error_lifetime_s(status, ())
        covering = stale.renewed(stale.stored_at_s, now + peace_s - stale.stored_at_s, stale.headers)
        self._store.put(key, covering)
        return Shared(covering, Found.HIT)

    def _land(self, key: CacheKey, flight: _Flight, outcome: Shared | Unshared | BaseException) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if isinstance(outcome, BaseException):
            flight.outcome.set_exception(outcome)
            # Nobody may be left to hear it.
            flight.outcome.exception()
        else:
            flight.outcome.set_result(outcome)


# Named by a 304 too, but true only of the body that it did not send.
_OF_THE_BODY = frozenset({"content-length", "content-encoding", "content-type", "content-range", "etag", "vary"})


def _conditions(stale: Entry | None) -> Headers:
    return stale.validator if stale and stale.body.is_complete else ()


def _validator(reply: OriginReply) -> Headers:
    """Return the condition with which the origin can be asked whether its answer is still good.

    Taken from what the origin said: a compressed object has an entity tag of our own.
    """
    if reply.status != 200:
        return ()
    if etag := first(reply.headers, "etag"):
        return (("if-none-match", etag),)
    if modified := first(reply.headers, "last-modified"):
        return (("if-modified-since", modified),)
    return ()


def _length(headers: Headers) -> int | None:
    field = first(headers, "content-length")
    return int(field) if field and field.isdigit() else None


def _forget_outcome(flight: _Flight) -> None:
    """Close an answer for the one who asked first when they no longer want it."""

    def close(outcome: "asyncio.Future[Shared | Unshared]") -> None:
        if outcome.cancelled() or outcome.exception():
            return
        landed = outcome.result()
        if isinstance(landed, Unshared) and landed.reply:
            landed.reply.close()

    flight.outcome.add_done_callback(close)
