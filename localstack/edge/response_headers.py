"""Apply a response headers policy."""

from edge.headers import Headers, first, joined, replaced, without
from edge.model import Cors, ResponseHeadersPolicy
from edge.viewer import ViewerRequest
from edge.wildcards import wildcard


def with_policy(headers: Headers, policy: ResponseHeadersPolicy, request: ViewerRequest) -> Headers:
    """Remove, then add what the policy says; the origin's own headers stay where the policy does not override."""
    headers = without(headers, policy.removed)
    if policy.cors:
        headers = _with_cors(headers, policy.cors, request)
    for added in policy.added:
        if added.overrides_origin or first(headers, added.name) is None:
            headers = replaced(headers, added.name, added.value)
    return headers


def _with_cors(headers: Headers, cors: Cors, request: ViewerRequest) -> Headers:
    """Add the CORS headers to the answer of a CORS request from an origin that the policy names.

    With `OriginOverride` off, an answer of the origin that speaks of CORS already is left alone as a whole.
    """
    viewer_origin = first(request.headers, "origin")
    if viewer_origin is None or not _is_allowed(viewer_origin, cors):
        return headers
    speaks_of_cors = any(name.startswith("access-control-") for name, _ in headers)
    if speaks_of_cors and not cors.overrides_origin:
        return headers
    headers = tuple(pair for pair in headers if not pair[0].startswith("access-control-"))
    is_for_all = "*" in cors.allow_origins
    added = [("access-control-allow-origin", "*" if is_for_all else viewer_origin)]
    if cors.allow_credentials:
        added.append(("access-control-allow-credentials", "true"))
    if cors.expose_headers:
        added.append(("access-control-expose-headers", ", ".join(cors.expose_headers)))
    if request.method == "OPTIONS":
        added += _preflight(cors)
    if not is_for_all:
        vary = joined(headers, "vary")
        headers = replaced(headers, "vary", f"{vary}, Origin" if vary else "Origin")
    return (*headers, *added)


def _is_allowed(viewer_origin: str, cors: Cors) -> bool:
    # Written as in the policy, with or without the scheme: `*.example.com` or `https://*.example.com`.
    host = viewer_origin.partition("://")[2]
    return any(wildcard(allowed).fullmatch(text) for allowed in cors.allow_origins for text in (viewer_origin, host))


def _preflight(cors: Cors) -> list[tuple[str, str]]:
    fields = []
    if cors.allow_methods:
        fields.append(("access-control-allow-methods", ", ".join(cors.allow_methods)))
    if cors.allow_headers:
        fields.append(("access-control-allow-headers", ", ".join(cors.allow_headers)))
    if cors.max_age_s is not None:
        fields.append(("access-control-max-age", str(cors.max_age_s)))
    return fields
