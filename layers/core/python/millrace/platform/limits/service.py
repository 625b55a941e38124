"""Spend a token of each bucket that a request draws on."""

import hashlib
import ipaddress
import math
from collections.abc import Iterable

from pydantic import BaseModel

from millrace.platform import settings
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.errors import TooMany
from millrace.platform.limits.model import Limit, Per

# An operator's factor on every limit, for a site whose users all come from one address; 0 turns them off.
SCALE_SETTING = "LIMIT_SCALE"


class LimitReached(TooMany):
    """This was done too often in too short a time."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("You did this too often. Please wait a little.", retry_after_s)


def spend(limits: Iterable[Limit], *, address: str, caller: Caller | None, body: BaseModel | None) -> None:
    """Take one token from the bucket of each limit; raises LimitReached at the first empty one.

    Tokens that were taken before that stay taken: who is refused by one limit has used the others too.
    """
    scale = float(settings.optional(SCALE_SETTING, "1"))
    if scale <= 0:
        return
    for limit in limits:
        whose = _whose(limit, address, caller, body)
        if whose is not None:
            _take(limit, f"{limit.name}#{limit.per.value}#{_hidden(whose)}", scale)


def _take(limit: Limit, bucket: str, scale: float) -> None:
    # Here, not above: functions without limits need no table, and no client for one.
    from millrace.platform.limits import store

    interval_ms = math.ceil(limit.period_s * 1000 / (limit.times * scale))
    now_ms = int(now().timestamp() * 1000)
    wait_ms = store.take(bucket, now_ms=now_ms, interval_ms=interval_ms, depth_ms=limit.period_s * 1000)
    if wait_ms > 0:
        raise LimitReached(max(1, math.ceil(wait_ms / 1000)))


def _whose(limit: Limit, address: str, caller: Caller | None, body: BaseModel | None) -> str | None:
    match limit.per:
        case Per.ADDRESS:
            return _network(address)
        case Per.ACCOUNT:
            return caller.user_id if caller else None
        case Per.VALUE:
            value = getattr(body, limit.field, None)
            return None if value is None else str(value).strip().casefold()


def _network(address: str) -> str:
    """Return what one client controls: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # The gateway always names an address; whatever it is, it counts as one client.
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


def _hidden(value: str) -> str:
    """Return a name for the value that does not tell it: counters are no list of who was here."""
    return hashlib.sha256(value.encode()).hexdigest()[:32]
