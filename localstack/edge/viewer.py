"""What a viewer asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from edge.headers import Headers, joined, lowered


@dataclass(frozen=True, slots=True)
class ViewerRequest:
    """A request as it came: path and query are percent-encoded, and stay so.

    CloudFront neither decodes them nor resolves dot segments.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: str
    headers: Headers
    client_ip: str
    http_version: str = "1.1"

    @property
    def url(self) -> str:
        """The whole URL as the viewer sees it."""
        return f"{self.scheme}://{self.host}{self.path}" + (f"?{self.query}" if self.query else "")


def viewer_request(scope: dict[str, Any]) -> ViewerRequest:
    """Read an ASGI HTTP scope."""
    headers = lowered(scope["headers"])
    raw_path = scope.get("raw_path") or scope["path"].encode()
    client = scope.get("client") or ("127.0.0.1", 0)
    return ViewerRequest(
        method=scope["method"],
        scheme=scope["scheme"],
        host=joined(headers, "host") or "localhost",
        path=raw_path.decode("latin-1").partition("?")[0],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        client_ip=client[0],
        http_version=scope.get("http_version", "1.1"),
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """One part of a query string: how it was written, and what it says."""

    raw: str
    name: str
    value: str


def query_pairs(query: str) -> list[Pair]:
    """Split a query string; values are decoded beside their raw text."""
    pairs = []
    for raw in query.split("&"):
        if raw:
            name, _, value = raw.partition("=")
            pairs.append(Pair(raw, unquote_plus(name), unquote_plus(value)))
    return pairs


def query_string(pairs: Iterable[Pair]) -> str:
    """Put a query string together from its raw parts."""
    return "&".join(pair.raw for pair in pairs)


def cookies(headers: Headers) -> list[tuple[str, str]]:
    """Return the cookies in the order in which they came; the first of a name counts (RFC 6265 5.4)."""
    field = joined(headers, "cookie", "; ") or ""
    pairs = []
    for part in field.split(";"):
        name, separator, value = part.strip().partition("=")
        if separator:
            pairs.append((name, value))
    return pairs


def cookie_field(pairs: Iterable[tuple[str, str]]) -> str:
    """Write a Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in pairs)
