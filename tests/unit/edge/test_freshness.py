"""Lifetimes: the origin's wish within the policy's bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.freshness import error_lifetime_s, lifetime_s, parse_cache_control
from edge.headers import Headers
from edge.managed import CACHE_POLICIES
from edge.model import CachePolicy, ErrorResponse

OPTIMIZED = CACHE_POLICIES["658327ea-f89d-4fab-a63d-7e88639e58f6"]
DISABLED = CACHE_POLICIES["4135ea2d-6df8-44a3-9df3-4b5a84be39ad"]
BOUNDED = CachePolicy(min_ttl_s=0, default_ttl_s=30, max_ttl_s=100)


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ((), 30),
        ((("cache-control", "max-age=50"),), 50),
        ((("cache-control", "max-age=500"),), 100),
        ((("cache-control", "max-age=5, s-maxage=7"),), 7),
        ((("cache-control", "no-store"),), 0),
        ((("cache-control", "private, max-age=50"),), 0),
        ((("cache-control", "max-age=nonsense"),), 30),
        ((("cache-control", "max-age=99999999999999999999999999"),), 30),
        ((("expires", "Sun, 22 Nov 2026 16:01:00 GMT"), ("date", "Sun, 22 Nov 2026 16:00:00 GMT")), 60),
        ((("expires", "0"),), 0),
        ((("expires", "0"), ("cache-control", "max-age=9")), 9),
    ],
)
def test_a_lifetime_is_the_origins_within_the_bounds(headers: Headers, expected_s: int) -> None:
    assert lifetime_s(200, headers, BOUNDED) == expected_s


def test_a_minimum_overrules_the_origin() -> None:
    assert lifetime_s(200, (("cache-control", "no-store"),), OPTIMIZED) == 1
    assert lifetime_s(200, (("cache-control", "max-age=0"),), OPTIMIZED) == 1


def test_nothing_is_kept_where_caching_is_disabled() -> None:
    assert lifetime_s(200, (("cache-control", "max-age=50"),), DISABLED) == 0
    assert error_lifetime_s(404, (), DISABLED, None) == 0


def test_errors_are_kept_for_ten_seconds_or_as_configured_or_longer_if_the_origin_says_so() -> None:
    assert error_lifetime_s(404, (), BOUNDED, None) == 10
    assert error_lifetime_s(404, (), BOUNDED, ErrorResponse(caching_s=0)) == 0
    assert error_lifetime_s(503, (("cache-control", "max-age=60"),), BOUNDED, ErrorResponse(caching_s=5)) == 60
    assert error_lifetime_s(403, (), BOUNDED, None) == 0
    assert error_lifetime_s(403, (("cache-control", "max-age=1"),), BOUNDED, None) == 10
    assert error_lifetime_s(416, (), BOUNDED, None) == 0


@given(st.text())
def test_any_cache_control_can_be_read(field: str) -> None:
    control = parse_cache_control(field)
    assert control.lifetime_s is None or control.lifetime_s >= 0


def test_a_partial_answer_is_not_an_object() -> None:
    assert lifetime_s(206, (("cache-control", "max-age=50"),), BOUNDED) == 0
