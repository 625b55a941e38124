"""Get an answer for a request that has passed all checks: from the cache, or from the origin."""

import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

from edge.answers import ERROR, Answer
from edge.cache_key import CacheKey, accepted_encoding, cache_key
from edge.collapse import MAX_KEPT_BYTES, Collapser, Fetch, Found, Shared, Unshared
from edge.compression import Compressor, compressor_for
from edge.freshness import error_lifetime_s, lifetime_s
from edge.headers import Headers, first, replaced, without
from edge.model import Behavior, Distribution, Scope
from edge.origin_client import OriginClient, OriginReply
from edge.origin_request import OriginRequest, origin_request
from edge.representation import is_not_modified, represent
from edge.stats import Counters
from edge.viewer import ViewerRequest

# A range of an object that is not cached: up to this size the whole object is fetched and kept, because a player will
# want the rest; of larger ones only the range is fetched, and nothing kept.
MAX_WHOLE_FOR_RANGE_BYTES = 32 * 1024 * 1024
# A range further than this ahead of what has come so far is not waited for.
_PATIENCE_BYTES = 8 * 1024 * 1024
_LARGE_NOTED = 1000
_RANGE_START = re.compile(r"bytes=(\d{1,18})-")


class Fetcher:
    """Serves cacheable requests through the collapser and all others straight from the origin."""

    def __init__(self, endpoint: str, client: OriginClient, collapser: Collapser) -> None:
        self._endpoint = endpoint
        self._client = client
        self._collapser = collapser
        # Objects that were too large to fetch for a range: the next range need not find that out again.
        self._large: OrderedDict[CacheKey, None] = OrderedDict()

    async def answer(
        self,
        distribution: Distribution,
        behavior: Behavior,
        request: ViewerRequest,
        request_id: str,
        counters: Counters,
        body: AsyncIterator[bytes] | None = None,
    ) -> Answer:
        """Return the answer for a request. Raises OriginFailed and PathRefused."""
        origin = distribution.origins[behavior.origin_id]
        outgoing = origin_request(behavior, origin, request, self._endpoint, request_id)
        is_cacheable = behavior.cache.is_caching and request.method in behavior.cached_methods
        if not is_cacheable:
            return await self._uncached(outgoing, behavior, request, counters, body)
        key = cache_key(distribution.id, origin, behavior.cache, request)
        is_bare_head = request.method == "HEAD" and not self._collapser.has_fresh(key)
        if is_bare_head or (_is_range(request) and key in self._large):
            return await self._uncached(_with_range(outgoing, request), behavior, request, counters)
        return await self._cached(key, outgoing, distribution, behavior, request, counters)

    async def _cached(
        self,
        key: CacheKey,
        outgoing: OriginRequest,
        distribution: Distribution,
        behavior: Behavior,
        request: ViewerRequest,
        counters: Counters,
    ) -> Answer:
        fetch = self._fetch(outgoing, distribution, behavior, request, counters)
        outcome = await self._collapser.obtain(key, fetch)
        if isinstance(outcome, Shared):
            if _is_far_ahead(outcome, request):
                return await self._uncached(_with_range(outgoing, request), behavior, request, counters)
            return self._shared(outcome, behavior, request, counters)
        if _is_range(request) and outcome.reply and outcome.reply.status == 200:
            self._note_large(key)
            outcome.reply.close()
            outcome = Unshared(None)
        if outcome.reply is None:
            return await self._uncached(_with_range(outgoing, request), behavior, request, counters)
        counters.misses += 1
        return _passed_on(outcome.reply, behavior, request)

    def _note_large(self, key: CacheKey) -> None:
        self._large[key] = None
        if len(self._large) > _LARGE_NOTED:
            self._large.popitem(last=False)

    def _fetch(
        self,
        outgoing: OriginRequest,
        distribution: Distribution,
        behavior: Behavior,
        request: ViewerRequest,
        counters: Counters,
    ) -> Fetch:
        async def send(conditions: Headers) -> OriginReply:
            counters.origin_requests += 1
            return await self._client.send(_with_headers(outgoing, conditions))

        def compressor(status: int, headers: Headers) -> Compressor | None:
            accepted = accepted_encoding(behavior.cache, request) if behavior.compress else ""
            return compressor_for(accepted, status, headers)

        def remembered_s(status: int, headers: Headers) -> int:
            return error_lifetime_s(status, headers, behavior.cache, distribution.error_responses.get(status))

        return Fetch(
            send=send,
            lifetime_s=partial(lifetime_s, policy=behavior.cache),
            error_lifetime_s=remembered_s,
            compressor=compressor,
            max_bytes=MAX_WHOLE_FOR_RANGE_BYTES if _is_range(request) else MAX_KEPT_BYTES,
        )

    def _shared(self, outcome: Shared, behavior: Behavior, request: ViewerRequest, counters: Counters) -> Answer:
        _count(outcome, counters)
        entry = outcome.entry
        shown = represent(entry, request)
        is_error = shown.status >= 400
        return Answer(
            status=shown.status,
            headers=_for_viewer(shown.headers, behavior),
            blocks=None if request.method == "HEAD" else shown.blocks,
            result=ERROR if is_error else outcome.found.value,
            age_s=self._collapser.age_s(entry) if outcome.found is Found.HIT else None,
        )

    async def _uncached(
        self,
        outgoing: OriginRequest,
        behavior: Behavior,
        request: ViewerRequest,
        counters: Counters,
        body: AsyncIterator[bytes] | None = None,
    ) -> Answer:
        counters.uncached += 1
        counters.origin_requests += 1
        length = first(request.headers, "content-length")
        if body is not None and length:
            outgoing = _with_headers(outgoing, (("content-length", length),))
        return _passed_on(await self._client.send(outgoing, body), behavior, request)


def _passed_on(reply: OriginReply, behavior: Behavior, request: ViewerRequest) -> Answer:
    headers = _for_viewer(reply.headers, behavior)
    result = ERROR if reply.status >= 400 else Found.MISS.value
    if reply.status == 200 and request.method == "GET" and is_not_modified(headers, request):
        reply.close()
        return Answer(304, without(headers, ("content-length", "content-type")), None, result)
    has_no_body = request.method == "HEAD" or reply.status in {204, 304}
    if has_no_body:
        reply.close()
    return Answer(reply.status, headers, None if has_no_body else reply.blocks(), result, release=reply.close)


def _for_viewer(headers: Headers, behavior: Behavior) -> Headers:
    """Drop Set-Cookie where no cookie reaches the origin: CloudFront does, and hides one viewer's from the next."""
    selections = (behavior.cache.cookies, behavior.origin_request.cookies)
    if all(selection.scope is Scope.NONE for selection in selections):
        return without(headers, ("set-cookie", "age"))
    return without(headers, ("age",))


def _count(outcome: Shared, counters: Counters) -> None:
    if outcome.is_collapsed:
        counters.collapsed += 1
    if outcome.found is Found.HIT:
        counters.hits += 1
    elif outcome.found is Found.REFRESHED:
        counters.refresh_hits += 1
    else:
        counters.misses += 1


def _is_far_ahead(outcome: Shared, request: ViewerRequest) -> bool:
    body = outcome.entry.body
    match = _RANGE_START.match(first(request.headers, "range") or "")
    return bool(match) and not body.is_complete and int(match[1] if match else 0) > body.size + _PATIENCE_BYTES


def _is_range(request: ViewerRequest) -> bool:
    return first(request.headers, "range") is not None


def _with_range(outgoing: OriginRequest, request: ViewerRequest) -> OriginRequest:
    names = ("range", "if-range")
    return _with_headers(outgoing, tuple(pair for pair in request.headers if pair[0] in names))


def _with_headers(outgoing: OriginRequest, added: Headers) -> OriginRequest:
    headers = outgoing.headers
    for name, value in added:
        headers = replaced(headers, name, value)
    return replace(outgoing, headers=headers)
