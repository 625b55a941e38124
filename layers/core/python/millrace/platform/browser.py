"""Browsers: the cookies of a session, and telling the site's own pages from everybody else's.

A cookie travels whoever made the page send it, so a request that it proves may change something only when the site's
own page made it. Browsers say so themselves: in `Sec-Fetch-Site`, and where that is missing in `Origin`, which every
one of them sends with a method that changes something. Who sends neither is no browser, and uses a bearer token.
"""

from collections.abc import Callable, Mapping

ACCESS_COOKIE = "millrace_access"
REFRESH_COOKIE = "millrace_refresh"
# Where the refresh cookie travels to: nothing but the routes of signing in and out needs it.
REFRESH_PATH = "/api/auth"
Named = Callable[[str], str]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def access_cookie_name(site_url: str) -> str:
    """Return the access cookie's name: on HTTPS one that no other host can set (RFC 6265bis 4.1.3.2)."""
    return f"__Host-{ACCESS_COOKIE}" if is_secure(site_url) else ACCESS_COOKIE


def refresh_cookie_name(site_url: str) -> str:
    """Return the refresh cookie's name; it has a path of its own, which `__Host-` does not allow."""
    return f"__Secure-{REFRESH_COOKIE}" if is_secure(site_url) else REFRESH_COOKIE


def is_secure(site_url: str) -> bool:
    """Tell whether the site is served by HTTPS; a laptop's is not, and browsers treat localhost kindly."""
    return site_url.startswith("https:")


def cookie(header: str, name: str) -> str | None:
    """Return the cookie's value from a Cookie header, or None; the first one wins where a name comes twice."""
    for pair in header.split(";"):
        found, separator, value = pair.strip().partition("=")
        if separator and found == name:
            return value.strip()
    return None


def is_own_page(headers: Mapping[str, str], site_url: str) -> bool:
    """Tell whether the site's own page made this request; header names are lower-case."""
    fetch_site = headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    return headers.get("origin") == site_url
