"""The settings of a behaviour without a cache policy, and CloudFront's words for choices."""

from typing import Any

from edge.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES
from edge.model import Scope
from edge.policies import parse_cache_policy, parse_legacy_forwarding


def test_forwarded_values_are_a_cache_policy() -> None:
    behavior: dict[str, Any] = {
        "MinTTL": 1,
        "DefaultTTL": 2,
        "MaxTTL": 3,
        "ForwardedValues": {
            "QueryString": True,
            "QueryStringCacheKeys": {"Items": ["v"]},
            "Headers": {"Items": ["Origin"]},
            "Cookies": {"Forward": "whitelist", "WhitelistedNames": {"Items": ["lang"]}},
        },
    }
    policy = parse_legacy_forwarding(behavior)
    assert (policy.min_ttl_s, policy.default_ttl_s, policy.max_ttl_s) == (1, 2, 3)
    assert policy.query.has("v")
    assert not policy.query.has("w")
    assert policy.headers.has("origin")
    assert policy.cookies.has("lang")
    assert not policy.cookies.has("session")


def test_without_any_setting_nothing_is_forwarded_and_a_day_is_the_default() -> None:
    policy = parse_legacy_forwarding({})
    assert {policy.headers.scope, policy.cookies.scope, policy.query.scope} == {Scope.NONE}
    assert policy.default_ttl_s == 86400


def test_all_except_is_understood() -> None:
    parameters = {
        "CookiesConfig": {"CookieBehavior": "allExcept", "Cookies": {"Items": ["session"]}},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
        "EnableAcceptEncodingGzip": True,
    }
    policy = parse_cache_policy({"MinTTL": 0, "ParametersInCacheKeyAndForwardedToOrigin": parameters})
    assert policy.cookies.has("lang")
    assert not policy.cookies.has("session")
    assert policy.query.scope is Scope.ALL
    assert (policy.gzip, policy.brotli) == (True, False)


def test_the_well_known_policies_are_at_hand() -> None:
    assert not CACHE_POLICIES["4135ea2d-6df8-44a3-9df3-4b5a84be39ad"].is_caching
    assert CACHE_POLICIES["658327ea-f89d-4fab-a63d-7e88639e58f6"].min_ttl_s == 1
    assert not ORIGIN_REQUEST_POLICIES["b689b0a8-53d0-40ab-baf2-68738e2966ac"].headers.has("host")
    cors = RESPONSE_HEADERS_POLICIES["60669652-455b-4ae9-85a4-c4c02393f86c"].cors
    assert cors
    assert cors.allow_origins == ("*",)
