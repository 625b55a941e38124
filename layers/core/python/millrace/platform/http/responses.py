"""Responses: models and problems as API Gateway wants them, with the headers that every answer carries."""

from collections.abc import Mapping, Sequence

from chalice.app import Response
from pydantic import BaseModel

from millrace.platform.http import problems
from millrace.platform.http.model import Cookie, Document, Empty, Reply
from millrace.platform.http.preconditions import entity_tag
from millrace.platform.http.route import Route
from millrace.platform.idempotency import Remembered

# Any origin may read what a bearer token may read; answers to cookies are narrowed to the site's (`origins`).
ALLOWED_ORIGIN = "*"
EXPOSED_HEADERS = "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id"

BASE_HEADERS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": ALLOWED_ORIGIN,
    "Access-Control-Expose-Headers": EXPOSED_HEADERS,
    "Cache-Control": "no-store",
    # An API answer is never a document: should a browser render one, it may load and frame nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
KEPT_HEADERS = frozenset({"Content-Type", "ETag", "Location"})
UNSAFE_IN_COOKIES = frozenset('; \r\n\t",\\')


class UndeclaredCookies(Exception):
    """A view set cookies on a route that does not say so."""


Result = BaseModel | Reply[BaseModel] | Document | Empty | None


def answer(route: Route, result: Result, request_id: str) -> Response:
    """Write what the view returned."""
    if result is None:
        result = Empty()
    if isinstance(result, Document):
        return _response(route.status, result.text, {"Content-Type": route.media_type, **result.headers}, request_id)
    reply = Reply(result) if isinstance(result, BaseModel) else result
    if reply.cookies and not route.sets_cookies:
        raise UndeclaredCookies(route.name)
    if isinstance(reply, Empty):
        return _response(route.status, "", reply.headers, request_id, reply.cookies)
    headers = {"Content-Type": route.media_type, **reply.headers}
    if reply.etag is not None:
        headers["ETag"] = entity_tag(reply.etag)
    return _response(route.status, reply.model.model_dump_json(), headers, request_id, reply.cookies)


def refuse(refusal: problems.Refusal, request_id: str) -> Response:
    """Write a refusal as a problem document."""
    headers = {"Content-Type": problems.MEDIA_TYPE, **refusal.headers}
    body = problems.document(refusal, request_id).model_dump_json(exclude_none=True)
    return _response(refusal.status, body, headers, request_id)


def kept_headers(response: Response) -> dict[str, str]:
    """Return the headers that belong to the answer itself, and so to every repetition of it."""
    return {name: str(value) for name, value in response.headers.items() if name in KEPT_HEADERS}


def write_remembered(remembered: Remembered, request_id: str, *, is_replay: bool) -> Response:
    """Write an answer that was given to this Idempotency-Key, now or before."""
    headers = {**remembered.headers, **({"Idempotency-Replayed": "true"} if is_replay else {})}
    return _response(remembered.status, remembered.body, headers, request_id)


def set_cookie(cookie: Cookie) -> str:
    """Write the value of a Set-Cookie header (RFC 6265 4.1.1); the value has to be plain already."""
    if any(unsafe in cookie.name + cookie.value + cookie.path for unsafe in UNSAFE_IN_COOKIES):
        raise ValueError(f"cookie {cookie.name} has characters that a header cannot carry")
    parts = [f"{cookie.name}={cookie.value}", f"Path={cookie.path}"]
    if cookie.max_age_s is not None:
        parts.append(f"Max-Age={cookie.max_age_s}")
    parts += ["Secure"] * cookie.secure + ["HttpOnly"] * cookie.http_only + [f"SameSite={cookie.same_site}"]
    return "; ".join(parts)


def _response(
    status: int, body: str, headers: Mapping[str, str], request_id: str, cookies: Sequence[Cookie] = ()
) -> Response:
    combined: dict[str, str | list[str]] = {**BASE_HEADERS, "X-Request-Id": request_id, **headers}
    if cookies:
        combined["Set-Cookie"] = [set_cookie(cookie) for cookie in cookies]
    return Response(body=body, status_code=status, headers=combined)
