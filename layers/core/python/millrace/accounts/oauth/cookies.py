"""The cookies that tie a sign-in to the browser that began it."""

from datetime import timedelta

from millrace.accounts.oauth.model import FLOW_LIFETIME, LINK_LIFETIME
from millrace.platform import browser, site
from millrace.platform.http import Cookie, Visitor

FLOW_COOKIE = "millrace_oauth"
LINK_COOKIE = "millrace_link"
PATH = "/api/auth"
SECOND = timedelta(seconds=1)


def browser_cookie(secret: str) -> Cookie:
    """Return the cookie of a sign-in on its way; an empty secret takes it away."""
    # Lax: the provider sends the browser back by a link from another site.
    return _cookie(FLOW_COOKIE, secret, FLOW_LIFETIME, "Lax")


def link_cookie(secret: str) -> Cookie:
    """Return the cookie of a link that waits for consent; an empty secret takes it away."""
    return _cookie(LINK_COOKIE, secret, LINK_LIFETIME, "Strict")


def browser_secret(visitor: Visitor) -> str | None:
    """Return the secret of the sign-in that this browser has begun."""
    return visitor.cookie(_name(FLOW_COOKIE))


def link_secret(visitor: Visitor) -> str | None:
    """Return the secret of the link that this browser may confirm."""
    return visitor.cookie(_name(LINK_COOKIE))


def _cookie(name: str, secret: str, lifetime: timedelta, same_site: str) -> Cookie:
    seconds = lifetime // SECOND if secret else 0
    secure = browser.is_secure(site.public_url())
    return Cookie(_name(name), secret, path=PATH, max_age_s=seconds, secure=secure, same_site=same_site)


def _name(name: str) -> str:
    return f"__Secure-{name}" if browser.is_secure(site.public_url()) else name
