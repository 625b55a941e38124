"""Turn a viewer's request into the request that the origin gets."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from edge.cache_key import accepted_encoding
from edge.headers import Headers, end_to_end, every, first, joined, without
from edge.model import Behavior, Origin, Scope
from edge.viewer import ViewerRequest, cookie_field, cookies, query_pairs, query_string

_S3_DOMAIN = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]*)\.s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?")
_API_DOMAIN = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\..+")

# Set by the edge, or never passed whatever the policy says.
_NEVER_PASSED = frozenset(
    {
        "accept-encoding",
        "content-length",
        "cookie",
        "expect",
        "host",
        "via",
        "x-amz-cf-id",
        "x-forwarded-for",
        "x-real-ip",
    }
)
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range")
# Content-Type and the like travel with the body whatever the policy says.
_OF_THE_BODY = ("content-type", "content-encoding", "content-language", "content-md5")
_S3_OVERRIDES = frozenset({"response-content-type", "response-content-disposition", "response-content-encoding"})


class PathRefused(Exception):
    """The path could leave the bucket or the API on the emulator, where these share one host."""


@dataclass(frozen=True, slots=True)
class OriginRequest:
    """A request ready to be sent."""

    origin: Origin
    method: str
    url: str
    headers: Headers
    is_signed: bool = False
    # The S3 key, decoded; of no meaning for other origins.
    key: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an origin really is: its URL without the viewer's path, and the Host it answers to."""

    base_url: str
    host: str
    is_emulated: bool


def bucket_of(domain: str) -> str | None:
    """Return the bucket that an S3 domain name means; None for any other domain."""
    match = _S3_DOMAIN.fullmatch(domain)
    return match["bucket"] if match else None


def locate(origin: Origin, endpoint: str, viewer_scheme: str) -> Target:
    """Return where to find an origin; S3 and API Gateway are found on the emulator."""
    endpoint_host = urlsplit(endpoint).netloc
    if bucket := bucket_of(origin.domain):
        return Target(f"{endpoint}/{bucket}{origin.path}", endpoint_host, is_emulated=True)
    if api := _API_DOMAIN.fullmatch(origin.domain):
        return Target(f"{endpoint}/_aws/execute-api/{api['api']}{origin.path}", endpoint_host, is_emulated=True)
    scheme = {"http-only": "http", "https-only": "https"}.get(origin.protocol, viewer_scheme)
    port = origin.http_port if scheme == "http" else origin.https_port
    is_default_port = port == (80 if scheme == "http" else 443)
    host = origin.domain if is_default_port else f"{origin.domain}:{port}"
    return Target(f"{scheme}://{host}{origin.path}", host, is_emulated=False)


def origin_request(
    behavior: Behavior, origin: Origin, request: ViewerRequest, endpoint: str, request_id: str
) -> OriginRequest:
    """Compile the origin's request: what is in the cache key, and what the origin request policy adds.

    Raises PathRefused.
    """
    target = locate(origin, endpoint, request.scheme)
    if target.is_emulated and _has_dot_segment(request.path):
        raise PathRefused(request.path)
    query = _query(behavior, origin, request)
    url = target.base_url + request.path + (f"?{query}" if query else "")
    fixed: Headers = (
        ("host", _host(behavior, request, target)),
        ("via", f"{request.http_version} edge.cloudfront.localhost (CloudFront)"),
        ("x-amz-cf-id", request_id),
        ("x-forwarded-for", _forwarded_for(request)),
    )
    passed = _passed_headers(behavior, request)
    own = frozenset(name for name, _ in (*fixed, *origin.custom_headers))
    return OriginRequest(
        origin=origin,
        method=request.method,
        url=url,
        headers=(*fixed, *without(passed, own), *origin.custom_headers),
        is_signed=origin.is_signed and target.is_emulated,
        key=unquote(origin.path + request.path).removeprefix("/"),
    )


def _has_dot_segment(path: str) -> bool:
    # A server on the way may decode before it splits, so look at the decoded path too.
    return any(segment in {".", ".."} for segment in unquote(path).replace("\\", "/").split("/"))


def _query(behavior: Behavior, origin: Origin, request: ViewerRequest) -> str:
    policy = behavior.origin_request
    pairs = query_pairs(request.query)
    if origin.is_s3 and policy.is_managed and policy.query.scope is Scope.ALL:
        pairs = [pair for pair in pairs if pair.name not in _S3_OVERRIDES]
    return query_string(pair for pair in pairs if behavior.cache.query.has(pair.name) or policy.query.has(pair.name))


def _host(behavior: Behavior, request: ViewerRequest, target: Target) -> str:
    """Return the Host for the origin: its own, unless a policy passes the viewer's.

    S3 and API Gateway on AWS refuse the viewer's Host; the emulator needs its own.
    """
    if target.is_emulated or not _is_passed(behavior, "host"):
        return target.host
    return request.host


def _passed_headers(behavior: Behavior, request: ViewerRequest) -> Headers:
    kept: list[tuple[str, str]] = []
    has_body = request.method not in {"GET", "HEAD"}
    for name, value in end_to_end(request.headers):
        if name in _NEVER_PASSED:
            continue
        of_the_body = has_body and name in _OF_THE_BODY
        # A cached object is fetched whole and unconditionally: the edge itself answers conditions and ranges.
        is_condition = name in _CONDITIONS and not behavior.cache.is_caching
        if of_the_body or is_condition or (name not in _CONDITIONS and _is_passed(behavior, name)):
            kept.append((name, value))
    if first(request.headers, "user-agent") is None or not _is_passed(behavior, "user-agent"):
        kept.append(("user-agent", "Amazon CloudFront"))
    kept += _encoding_and_cookies(behavior, request)
    return (*kept, *_about_the_viewer(behavior, request))


def _encoding_and_cookies(behavior: Behavior, request: ViewerRequest) -> Headers:
    fields: list[tuple[str, str]] = []
    if behavior.cache.gzip or behavior.cache.brotli:
        encoding = accepted_encoding(behavior.cache, request)
    else:
        is_passed = _is_passed(behavior, "accept-encoding")
        encoding = (joined(request.headers, "accept-encoding") or "") if is_passed else ""
    if encoding:
        fields.append(("accept-encoding", encoding))
    passed = [
        (name, value)
        for name, value in cookies(request.headers)
        if behavior.cache.cookies.has(name) or behavior.origin_request.cookies.has(name)
    ]
    if passed:
        fields.append(("cookie", cookie_field(passed)))
    return tuple(fields)


def _about_the_viewer(behavior: Behavior, request: ViewerRequest) -> Headers:
    known = {
        "cloudfront-forwarded-proto": request.scheme,
        "cloudfront-viewer-address": f"{request.client_ip}:0",
        "cloudfront-viewer-http-version": request.http_version,
    }
    selections = (behavior.cache.headers, behavior.origin_request.headers)
    named = {name for selection in selections if selection.scope is Scope.ONLY for name in selection.names}
    return tuple((name, value) for name, value in known.items() if name in named)


def _is_passed(behavior: Behavior, name: str) -> bool:
    return behavior.cache.headers.has(name) or behavior.origin_request.headers.has(name)


def _forwarded_for(request: ViewerRequest) -> str:
    return ", ".join([*every(request.headers, "x-forwarded-for"), request.client_ip])
