"""What the origin gets, and where it is."""

import pytest

from edge.headers import Headers, every, first
from edge.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES
from edge.model import Behavior, CachePolicy, Origin, OriginRequestPolicy, Scope, Selection
from edge.origin_request import PathRefused, locate, origin_request
from edge.viewer import ViewerRequest
from tests.unit.edge.viewers import request

ENDPOINT = "http://127.0.0.1:4566"
S3 = Origin("s3", "my.media-bucket.s3.eu-west-1.amazonaws.com", path="/site", is_s3=True, is_signed=True)
API = Origin("api", "abc123.execute-api.us-east-1.amazonaws.com", path="/prod")
CUSTOM = Origin("custom", "origin.example.com", protocol="http-only", http_port=8000, custom_headers=(("x-key", "k"),))
DISABLED = CACHE_POLICIES["4135ea2d-6df8-44a3-9df3-4b5a84be39ad"]
ALL_VIEWER = ORIGIN_REQUEST_POLICIES["216adef6-5c7f-47e4-b989-5492eafa07d3"]
EXCEPT_HOST = ORIGIN_REQUEST_POLICIES["b689b0a8-53d0-40ab-baf2-68738e2966ac"]


def _sent(origin: Origin, asked: ViewerRequest, behavior: Behavior | None = None) -> tuple[str, Headers]:
    made = origin_request(behavior or Behavior("*", origin.id), origin, asked, ENDPOINT, "id")
    return made.url, made.headers


@pytest.mark.parametrize(
    ("domain", "base"),
    [
        ("b.s3.amazonaws.com", f"{ENDPOINT}/b"),
        ("b.s3.us-east-1.amazonaws.com", f"{ENDPOINT}/b"),
        ("b.s3-us-west-2.amazonaws.com", f"{ENDPOINT}/b"),
        ("a.dotted.name.s3.us-east-1.amazonaws.com", f"{ENDPOINT}/a.dotted.name"),
        ("id1.execute-api.us-east-1.amazonaws.com", f"{ENDPOINT}/_aws/execute-api/id1"),
        ("id1.execute-api.us-east-1.localhost.localstack.cloud", f"{ENDPOINT}/_aws/execute-api/id1"),
        ("example.com", "http://example.com"),
        ("b.s3.example.com", "http://b.s3.example.com"),
    ],
)
def test_s3_and_the_gateway_are_found_on_the_emulator(domain: str, base: str) -> None:
    assert locate(Origin("o", domain), ENDPOINT, "http").base_url == base


def test_the_path_is_passed_byte_for_byte_behind_the_origins_path() -> None:
    url, headers = _sent(S3, request("http://localhost:8080/a%20b//c%2Fd?x=1"))
    assert url == f"{ENDPOINT}/my.media-bucket/site/a%20b//c%2Fd"
    assert first(headers, "host") == "127.0.0.1:4566"


@pytest.mark.parametrize("path", ["/../x", "/a/..", "/a/./b", "/%2e%2e/x", "/a%2f..%2fx", "/a%5c..%5cx", "/..%2Fx"])
def test_dot_segments_never_reach_the_emulator(path: str) -> None:
    for origin in (S3, API):
        with pytest.raises(PathRefused):
            _sent(origin, request(f"http://localhost:8080{path}"))
    assert _sent(CUSTOM, request(f"http://localhost:8080{path}"))[0] == f"http://origin.example.com:8000{path}"


def test_nothing_of_the_viewer_is_passed_unless_a_policy_says_so() -> None:
    asked = request(
        "http://localhost:8080/x?q=1",
        cookie="s=1",
        authorization="Bearer x",
        user_agent="Browser",
        referer="r",
        range="bytes=0-1",
        if_none_match='"a"',
    )
    url, headers = _sent(CUSTOM, asked)
    assert url == "http://origin.example.com:8000/x"
    assert dict(headers) == {
        "host": "origin.example.com:8000",
        "via": "1.1 edge.cloudfront.localhost (CloudFront)",
        "x-amz-cf-id": "id",
        "x-forwarded-for": "127.0.0.1",
        "user-agent": "Amazon CloudFront",
        "x-key": "k",
    }


def test_an_api_gets_everything_but_the_host_and_what_belongs_to_the_connection() -> None:
    behavior = Behavior("/api/*", "api", cache=DISABLED, origin_request=EXCEPT_HOST)
    asked = request(
        "http://localhost:8080/api/videos?a=1&a=2",
        "POST",
        cookie="s=1; t=2",
        authorization="Bearer x",
        user_agent="Browser",
        connection="keep-alive, x-hop",
        x_hop="1",
        upgrade="h2c",
        content_type="application/json",
        x_forwarded_for="203.0.113.9",
        accept_encoding="gzip",
        if_none_match='"a"',
    )
    url, headers = _sent(API, asked, behavior)
    assert url == f"{ENDPOINT}/_aws/execute-api/abc123/prod/api/videos?a=1&a=2"
    kept = dict(headers)
    assert kept["host"] == "127.0.0.1:4566"
    assert kept["authorization"] == "Bearer x"
    assert kept["cookie"] == "s=1; t=2"
    assert kept["content-type"] == "application/json"
    assert kept["user-agent"] == "Browser"
    assert kept["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert kept["accept-encoding"] == "gzip"
    assert kept["if-none-match"] == '"a"'
    assert not kept.keys() & {"connection", "x-hop", "upgrade"}


def test_the_viewers_host_goes_to_a_custom_origin_that_wants_it_but_not_to_the_emulator() -> None:
    behavior = Behavior("*", "o", cache=DISABLED, origin_request=ALL_VIEWER)
    assert first(_sent(CUSTOM, request(), behavior)[1], "host") == "localhost:8080"
    assert first(_sent(API, request(), behavior)[1], "host") == "127.0.0.1:4566"


def test_an_origins_own_header_goes_before_the_viewers() -> None:
    behavior = Behavior("*", "o", cache=DISABLED, origin_request=ALL_VIEWER)
    assert every(_sent(CUSTOM, request(x_key="forged"), behavior)[1], "x-key") == ["k"]


def test_what_is_in_the_cache_key_is_passed_and_encodings_are_normalised() -> None:
    policy = CachePolicy(headers=Selection(Scope.ONLY, frozenset({"origin"})), query=Selection(Scope.ALL), gzip=True)
    behavior = Behavior("*", "o", cache=policy)
    asked = request("http://localhost/x?b=2&a=1", origin="https://a", accept_encoding="gzip, deflate, br")
    url, headers = _sent(CUSTOM, asked, behavior)
    assert url.endswith("/x?b=2&a=1")
    assert (first(headers, "origin"), first(headers, "accept-encoding")) == ("https://a", "gzip")


def test_a_managed_policy_keeps_s3s_header_overrides_from_the_bucket_and_ones_own_does_not() -> None:
    asked = request("http://localhost/x?response-content-type=text/html&v=1")
    managed = Behavior("*", "s3", cache=DISABLED, origin_request=ALL_VIEWER)
    own = Behavior("*", "s3", cache=DISABLED, origin_request=OriginRequestPolicy(query=Selection(Scope.ALL)))
    assert _sent(S3, asked, managed)[0].endswith("/x?v=1")
    assert _sent(S3, asked, own)[0].endswith("/x?response-content-type=text/html&v=1")
