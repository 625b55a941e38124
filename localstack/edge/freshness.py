"""How long an answer of the origin may be kept (RFC 9111, within the bounds of the cache policy)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from edge.headers import Headers, first, joined
from edge.model import CachePolicy, ErrorResponse

DEFAULT_ERROR_CACHING_S = 10
# What CloudFront keeps of its own accord; other errors only when the origin gives them a lifetime.
_KEPT_ERRORS = frozenset({404, 414, 500, 501, 502, 503, 504})
_ERRORS_WITH_LIFETIME = frozenset({400, 403, 405, 412, 415})
_KEPT_REDIRECTS = frozenset({301, 302, 307, 308})
_KEPT_SUCCESSES = frozenset({200, 203, 204, 300, 410})


@dataclass(frozen=True, slots=True)
class CacheControl:
    """The directives that a shared cache looks at; times in seconds."""

    max_age_s: int | None = None
    s_maxage_s: int | None = None
    stale_while_revalidate_s: int = 0
    stale_if_error_s: int | None = None
    forbids_storing: bool = False
    forbids_stale: bool = False

    @property
    def lifetime_s(self) -> int | None:
        """The lifetime for a shared cache."""
        return self.max_age_s if self.s_maxage_s is None else self.s_maxage_s


def parse_cache_control(field: str) -> CacheControl:
    """Read a Cache-Control header; what cannot be read is passed over."""
    directives: dict[str, str] = {}
    for part in field.split(","):
        name, _, value = part.strip().partition("=")
        directives.setdefault(name.strip().lower(), value.strip().strip('"'))
    return CacheControl(
        max_age_s=_seconds(directives.get("max-age")),
        s_maxage_s=_seconds(directives.get("s-maxage")),
        stale_while_revalidate_s=_seconds(directives.get("stale-while-revalidate")) or 0,
        stale_if_error_s=_seconds(directives.get("stale-if-error")),
        forbids_storing=not directives.keys().isdisjoint({"no-store", "no-cache", "private"}),
        forbids_stale=not directives.keys().isdisjoint({"must-revalidate", "proxy-revalidate"}),
    )


def lifetime_s(status: int, headers: Headers, policy: CachePolicy) -> int:
    """Return for how many seconds a successful answer or a redirect is fresh; 0: it is not to be shared."""
    if not policy.is_caching or status not in _KEPT_SUCCESSES | _KEPT_REDIRECTS:
        return 0
    control = parse_cache_control(joined(headers, "cache-control") or "")
    if control.forbids_storing:
        # A minimum above 0 overrules the origin's wish: CloudFront documents it with a warning.
        return policy.min_ttl_s
    said = control.lifetime_s
    if said is None:
        said = _expires_in_s(headers)
    if said is None:
        said = max(policy.default_ttl_s, policy.min_ttl_s)
    return max(policy.min_ttl_s, min(said, policy.max_ttl_s))


def error_lifetime_s(status: int, headers: Headers, policy: CachePolicy, configured: ErrorResponse | None) -> int:
    """Return for how many seconds an error is remembered: the error-caching minimum, or longer if the origin says so.

    With caching disabled nothing is remembered: the key would be the bare path, and one viewer's error would be shown
    to another.
    """
    if not policy.is_caching:
        return 0
    minimum = configured.caching_s if configured else DEFAULT_ERROR_CACHING_S
    said = parse_cache_control(joined(headers, "cache-control") or "").lifetime_s
    if status in _KEPT_ERRORS or (configured and status in _ERRORS_WITH_LIFETIME):
        return max(minimum, said or 0)
    if status in _ERRORS_WITH_LIFETIME and said is not None:
        return max(minimum, said)
    return 0


def initial_age_s(headers: Headers) -> int:
    """Return the age that the answer had when it came."""
    return _seconds(first(headers, "age")) or 0


def _seconds(text: str | None) -> int | None:
    # Longer numbers are nonsense, and int() of a very long one is slow.
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 10:
        return None
    return int(text)


def _expires_in_s(headers: Headers) -> int | None:
    field = first(headers, "expires")
    if field is None:
        return None
    expires = http_date(field)
    if expires is None:
        # RFC 9111 5.3: an invalid date, "0" above all, is in the past.
        return 0
    sent = http_date(first(headers, "date") or "") or datetime.now(UTC)
    return max(0, int((expires - sent).total_seconds()))


def http_date(field: str) -> datetime | None:
    """Read an HTTP date; None when it is none."""
    try:
        moment = parsedate_to_datetime(field)
    except (ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
