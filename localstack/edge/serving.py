"""From a viewer's request to the answer: the steps that CloudFront takes, in its order."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.utils import formatdate

from edge.answers import Answer, access_denied, error_page, new_request_id, whole
from edge.behaviors import behavior_for
from edge.fetching import Fetcher
from edge.functions import FunctionFailed, FunctionReply, on_viewer_request, on_viewer_response
from edge.headers import Headers, end_to_end, first, replaced
from edge.model import Behavior, Distribution
from edge.origin_client import ObjectHidden, OriginFailed
from edge.origin_request import PathRefused
from edge.response_headers import with_policy
from edge.signing import AccessDenied, stripped, verify
from edge.stats import Counters, Stats
from edge.viewer import ViewerRequest

_GENERATED = "FunctionGeneratedResponse from cloudfront"
# CloudFront refuses longer ones with 414 and 494.
_MAX_URL_CHARS = 8192
_MAX_HEADER_BYTES = 20480
_MAX_BODY_BYTES = 20 * 1024**3


@dataclass(frozen=True, slots=True)
class Served:
    """An answer, and what the log says about it."""

    answer: Answer
    behavior: str
    request_id: str
    counters: Counters


class Server:
    """Answers requests for distributions."""

    def __init__(self, fetcher: Fetcher, stats: Stats, *, enforces_https: bool = False) -> None:
        self._fetcher = fetcher
        self._stats = stats
        self._enforces_https = enforces_https

    async def serve(
        self, distribution: Distribution, request: ViewerRequest, body: AsyncIterator[bytes] | None
    ) -> Served:
        """Answer a request."""
        request_id = new_request_id()
        behavior = behavior_for(distribution, request.path)
        counters = self._stats.of(distribution.id, behavior.pattern)
        counters.requests += 1
        answer = self._refused(distribution, behavior, request, request_id)
        if answer is None:
            answer = await self._allowed(distribution, behavior, request, body, request_id, counters)
        if answer.status in {401, 403}:
            counters.denied += 1
        elif answer.status >= 400:
            counters.errors += 1
        answer = replace(answer, headers=_stamped(answer, behavior, request, request_id))
        return Served(answer, behavior.pattern, request_id, counters)

    def _refused(
        self, distribution: Distribution, behavior: Behavior, request: ViewerRequest, request_id: str
    ) -> Answer | None:
        """Return the answer for a request that goes no further."""
        if len(request.url) > _MAX_URL_CHARS:
            return error_page(414, "the URL is too long", request_id)
        if sum(len(name) + len(value) for name, value in request.headers) > _MAX_HEADER_BYTES:
            return error_page(494, "the request headers are too large", request_id)
        if self._enforces_https and request.scheme == "http" and behavior.viewer_protocol != "allow-all":
            return _insecure(behavior, request, request_id)
        if request.method not in behavior.allowed_methods:
            reason = f"this distribution does not allow {request.method} for {behavior.pattern}"
            return error_page(403, reason, request_id)
        if has_body(request) and request.method in {"GET", "HEAD"}:
            return error_page(403, "a GET or HEAD request may not have a body", request_id)
        length = first(request.headers, "content-length") or "0"
        if length.isdigit() and int(length) > _MAX_BODY_BYTES:
            return error_page(413, "the request body is too large", request_id)
        if behavior.trusted_keys is not None:
            try:
                verify(request, behavior.trusted_keys, time.time())
            except AccessDenied as denied:
                return access_denied(denied.code, str(denied))
        return None

    async def _allowed(
        self,
        distribution: Distribution,
        behavior: Behavior,
        request: ViewerRequest,
        body: AsyncIterator[bytes] | None,
        request_id: str,
        counters: Counters,
    ) -> Answer:
        if behavior.trusted_keys is not None:
            request = stripped(request)
        try:
            if behavior.viewer_request:
                changed = on_viewer_request(behavior.viewer_request, distribution, request, request_id)
                if isinstance(changed, FunctionReply):
                    return whole(changed.status, end_to_end(changed.headers), changed.body or b"", _GENERATED)
                request = changed
            if request.path == "/" and distribution.default_root_object:
                request = replace(request, path=f"/{distribution.default_root_object}")
            answer = await self._fetched(distribution, behavior, request, body, request_id, counters)
            answer = await self._with_error_page(distribution, answer, request, request_id)
            return self._changed_by_function(distribution, behavior, request, answer, request_id)
        except FunctionFailed as failure:
            return error_page(failure.status, str(failure), request_id, "FunctionExecutionError from cloudfront")

    async def _fetched(
        self,
        distribution: Distribution,
        behavior: Behavior,
        request: ViewerRequest,
        body: AsyncIterator[bytes] | None,
        request_id: str,
        counters: Counters,
    ) -> Answer:
        try:
            return await self._fetcher.answer(distribution, behavior, request, request_id, counters, body)
        except ObjectHidden as hidden:
            return replace(access_denied("AccessDenied", "Access Denied"), error=hidden.reason)
        except OriginFailed as failure:
            return error_page(failure.status, failure.reason, request_id)
        except PathRefused:
            return error_page(400, "a path with dot segments is not passed on to S3 or API Gateway", request_id)

    async def _with_error_page(
        self, distribution: Distribution, answer: Answer, request: ViewerRequest, request_id: str
    ) -> Answer:
        """Put the configured page in the place of an error, under the configured status."""
        configured = distribution.error_responses.get(answer.status)
        if configured is None or not configured.page_path or request.method not in {"GET", "HEAD"}:
            return answer
        behavior = behavior_for(distribution, configured.page_path)
        plain = tuple(pair for pair in request.headers if pair[0] in {"host", "accept-encoding"})
        asked = replace(request, path=configured.page_path, query="", headers=plain)
        counters = self._stats.of(distribution.id, behavior.pattern)
        page = await self._fetched(distribution, behavior, asked, None, request_id, counters)
        if page.status != 200:
            page.release()
            return answer
        answer.release()
        return replace(page, status=configured.response_code or answer.status, result=answer.result, error=answer.error)

    def _changed_by_function(
        self, distribution: Distribution, behavior: Behavior, request: ViewerRequest, answer: Answer, request_id: str
    ) -> Answer:
        # CloudFront does not call the function for errors of the origin.
        if behavior.viewer_response is None or answer.status >= 400:
            return answer
        before = FunctionReply(answer.status, answer.headers)
        after = on_viewer_response(behavior.viewer_response, distribution, request, before, request_id)
        if after.body is not None:
            answer.release()
            headers = replaced(after.headers, "content-length", str(len(after.body)))
            return replace(whole(after.status, (), after.body, answer.result), headers=headers)
        return replace(answer, status=after.status, headers=after.headers)


def has_body(request: ViewerRequest) -> bool:
    """Tell whether the request announces a body."""
    length = first(request.headers, "content-length")
    return first(request.headers, "transfer-encoding") is not None or length not in {None, "0"}


def _insecure(behavior: Behavior, request: ViewerRequest, request_id: str) -> Answer:
    if behavior.viewer_protocol == "https-only" or request.method not in {"GET", "HEAD"}:
        return error_page(403, "this distribution answers over https only", request_id)
    location = "https" + request.url.removeprefix("http")
    return whole(301, (("location", location),), b"", "Redirect from cloudfront")


def _stamped(answer: Answer, behavior: Behavior, request: ViewerRequest, request_id: str) -> Headers:
    """Add what CloudFront puts on every answer."""
    headers = with_policy(answer.headers, behavior.response_headers, request)
    if answer.age_s is not None:
        headers = replaced(headers, "age", str(answer.age_s))
    if first(headers, "date") is None:
        headers = (*headers, ("date", formatdate(usegmt=True)))
    if first(headers, "server") is None:
        headers = (*headers, ("server", "CloudFront"))
    via = first(headers, "via")
    own_via = "1.1 edge.cloudfront.localhost (CloudFront)"
    headers = replaced(headers, "via", f"{via}, {own_via}" if via else own_via)
    headers = replaced(headers, "x-cache", answer.result)
    headers = replaced(headers, "x-amz-cf-pop", "LOCAL1-C1")
    return replaced(headers, "x-amz-cf-id", request_id)
