"""What goes back to a viewer, and the pages of the edge's own making."""

import html
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from edge.headers import Headers

ERROR = "Error from cloudfront"


def _nothing() -> None:
    """Release what holds nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `result` is its X-Cache, and `blocks` is None when there is no body.

    Whoever takes it must call `release` in the end, also when the body was not read.
    """

    status: int
    headers: Headers
    blocks: AsyncIterator[bytes] | None
    result: str
    age_s: int | None = None
    error: str = ""
    release: Callable[[], None] = _nothing


def new_request_id() -> str:
    """Return an X-Amz-Cf-Id."""
    return secrets.token_urlsafe(40)


def whole(status: int, headers: Headers, body: bytes, result: str = ERROR, error: str = "") -> Answer:
    """Answer with a body that is at hand."""
    return Answer(status, (*headers, ("content-length", str(len(body)))), _once(body), result, error=error)


def error_page(status: int, explanation: str, request_id: str, result: str = ERROR) -> Answer:
    """Answer with an error page of the edge."""
    page = (
        f"<!doctype html><html><head><title>{status}</title></head><body><h1>{status} ERROR</h1>"
        f"<p>The request could not be satisfied: {html.escape(explanation)}</p>"
        f"<pre>Millrace edge, in the place of CloudFront\nRequest ID: {request_id}</pre></body></html>\n"
    )
    fields = (("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"))
    return whole(status, fields, page.encode(), result, error=explanation)


def access_denied(code: str, message: str, status: int = 403) -> Answer:
    """Answer as CloudFront does when a signature is missing or wrong: a short XML document."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{html.escape(code)}</Code><Message>{html.escape(message)}</Message></Error>"
    )
    fields = (("content-type", "text/xml"), ("cache-control", "no-store"))
    return whole(status, fields, body.encode(), error=f"{code}: {message}")


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
