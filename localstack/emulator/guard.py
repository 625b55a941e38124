"""Keep web pages of others out of the emulator.

It listens on loopback only, but so does the browser that visits any page: upstream allows every origin to read every
answer, and a name that is made to point to 127.0.0.1 makes a page same-origin. So a request is taken only if the
host it names, and the page it comes from, are of this machine or stand for AWS.

The edge passes on what the platform's own viewers send, whatever page they are on, and adds the header that CloudFront
adds. A page cannot: browsers ask first whether they may send it, and that question is refused here.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

Application = Callable[[Any, Any, Any], Awaitable[None]]

# Names that AWS clients put into the Host header while they talk to an emulator.
_AWS_DOMAINS = (".amazonaws.com", ".cloudfront.net", ".on.aws")
_ADDED_BY_THE_EDGE = b"x-amz-cf-id"
_REFUSAL = b"This emulator answers to programs and pages of this machine only.\n"


def guarded(application: Application) -> Application:
    """Return the application, with requests of foreign pages answered 403."""

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or is_welcome(dict(scope["headers"])):
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(_REFUSAL)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})

    return guard


def is_welcome(headers: dict[bytes, bytes]) -> bool:
    """Return whether the request names, and comes from, a host of this machine."""
    host = urlsplit("//" + headers.get(b"host", b"localhost").decode("latin-1")).hostname or ""
    origin = headers.get(b"origin")
    if origin is not None and _ADDED_BY_THE_EDGE not in headers:
        page = urlsplit(origin.decode("latin-1")).hostname or ""
        if not _is_local(page):
            return False
    return _is_local(host) or host.endswith(_AWS_DOMAINS)


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
