"""The cookies that carry a session's tokens for a browser, where scripts cannot read them."""

from collections.abc import Sequence
from datetime import timedelta

from millrace.accounts import tokens
from millrace.accounts.sessions.model import IDLE_LIFETIME
from millrace.accounts.signing_in import Opened
from millrace.platform import browser, site
from millrace.platform.http import Cookie

SECOND = timedelta(seconds=1)


def session_cookies(opened: Opened) -> Sequence[Cookie]:
    """Return the cookies of an open session."""
    return _cookies(opened.access_token, tokens.LIFETIME, opened.refresh_token, IDLE_LIFETIME)


def cleared_cookies() -> Sequence[Cookie]:
    """Return what makes a browser forget them."""
    return _cookies("", timedelta(), "", timedelta())


def _cookies(access: str, access_for: timedelta, refresh: str, refresh_for: timedelta) -> Sequence[Cookie]:
    url = site.public_url()
    secure = browser.is_secure(url)
    return (
        # Lax: a link from elsewhere to a page of ours finds its reader signed in.
        Cookie(browser.access_cookie_name(url), access, max_age_s=access_for // SECOND, secure=secure),
        Cookie(
            browser.refresh_cookie_name(url),
            refresh,
            path=browser.REFRESH_PATH,
            max_age_s=refresh_for // SECOND,
            secure=secure,
            same_site="Strict",
        ),
    )
