"""Limits as values: so many times in so long, for whom."""

from dataclasses import dataclass
from enum import Enum


class Per(Enum):
    """Whose doings are counted together."""

    ADDRESS = "address"
    """The client's network address; a whole /64 of IPv6, which is what one household has."""
    ACCOUNT = "account"
    """The caller's account, from whatever address."""
    VALUE = "value"
    """The value of a field of the body, from whatever address: the account that a sign-in aims at, say."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`times` at once, and again as many evenly over each `period_s`: a token bucket."""

    name: str
    """Routes whose limits share a name share the bucket."""
    times: int
    period_s: int
    per: Per
    field: str = ""


def per_address(name: str, times: int, period_s: int) -> Limit:
    """Limit what comes from one address."""
    return Limit(name, times, period_s, Per.ADDRESS)


def per_account(name: str, times: int, period_s: int) -> Limit:
    """Limit what one account does."""
    return Limit(name, times, period_s, Per.ACCOUNT)


def per_value(name: str, times: int, period_s: int, *, field: str) -> Limit:
    """Limit what is done with one value of a body's field; letter case does not make another value."""
    return Limit(name, times, period_s, Per.VALUE, field)
