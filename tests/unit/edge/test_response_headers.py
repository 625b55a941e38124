"""Response headers policies."""

from edge.headers import first
from edge.managed import RESPONSE_HEADERS_POLICIES
from edge.model import AddedHeader, Cors, ResponseHeadersPolicy
from edge.policies import parse_response_headers_policy
from edge.response_headers import with_policy
from tests.unit.edge.viewers import request

SIMPLE = RESPONSE_HEADERS_POLICIES["60669652-455b-4ae9-85a4-c4c02393f86c"]
NAMED = ResponseHeadersPolicy(Cors(("https://*.example.com",), allow_methods=("GET",), max_age_s=5))


def test_cors_is_answered_to_cors_requests_only() -> None:
    assert with_policy((), SIMPLE, request()) == ()
    assert with_policy((), SIMPLE, request(origin="https://a")) == (("access-control-allow-origin", "*"),)


def test_a_named_origin_is_repeated_and_varied_upon() -> None:
    headers = with_policy((("vary", "accept"),), NAMED, request(origin="https://app.example.com"))
    assert first(headers, "access-control-allow-origin") == "https://app.example.com"
    assert first(headers, "vary") == "accept, Origin"
    assert first(headers, "access-control-max-age") is None
    assert with_policy((), NAMED, request(origin="https://example.org")) == ()


def test_a_preflight_is_told_methods_and_how_long_they_hold() -> None:
    headers = with_policy((), NAMED, request(method="OPTIONS", origin="https://app.example.com"))
    assert first(headers, "access-control-allow-methods") == "GET"
    assert first(headers, "access-control-max-age") == "5"


def test_the_origins_headers_stay_unless_the_policy_overrides() -> None:
    origins = (("access-control-allow-origin", "https://b"), ("x-a", "origin"), ("x-b", "origin"), ("server", "s"))
    policy = ResponseHeadersPolicy(
        Cors(("*",)),
        (AddedHeader("x-a", "policy", overrides_origin=False), AddedHeader("x-b", "policy", overrides_origin=True)),
        frozenset({"server"}),
    )
    headers = dict(with_policy(origins, policy, request(origin="https://a")))
    assert headers == {"access-control-allow-origin": "https://b", "x-a": "origin", "x-b": "policy"}


def test_security_settings_become_headers() -> None:
    policy = parse_response_headers_policy(
        {
            "SecurityHeadersConfig": {
                "FrameOptions": {"Override": True, "FrameOption": "DENY"},
                "ContentTypeOptions": {"Override": True},
                "StrictTransportSecurity": {
                    "Override": True,
                    "AccessControlMaxAgeSec": 5,
                    "IncludeSubdomains": True,
                    "Preload": True,
                },
                "XSSProtection": {"Override": True, "Protection": True, "ModeBlock": True},
                "ContentSecurityPolicy": {"Override": True, "ContentSecurityPolicy": "default-src 'self'"},
                "ReferrerPolicy": {"Override": True, "ReferrerPolicy": "same-origin"},
            }
        }
    )
    assert dict(with_policy((), policy, request())) == {
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "strict-transport-security": "max-age=5; includeSubDomains; preload",
        "x-xss-protection": "1; mode=block",
        "content-security-policy": "default-src 'self'",
        "referrer-policy": "same-origin",
    }
