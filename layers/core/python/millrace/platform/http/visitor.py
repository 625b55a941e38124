"""Who stands behind a request, as far as it tells: the address, the program, the cookies."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalice.app import Request

from millrace.platform import browser, site
from millrace.platform.errors import Forbidden
from millrace.platform.http.address import client_address, is_from_distribution

MAX_USER_AGENT_CHARS = 256
COUNTRY_HEADER = "cloudfront-viewer-country"


class CrossSite(Forbidden):
    """A page of another site made this request."""

    slug = "cross-site"

    def __init__(self) -> None:
        super().__init__("Only the site's own pages may do this with a cookie. Programs use a bearer token.")


@dataclass(frozen=True, slots=True)
class Visitor:
    """The sender of a request; nothing of it is proven but the address."""

    address: str
    user_agent: str
    headers: Mapping[str, str]
    """By lower-case name."""

    @property
    def country(self) -> str | None:
        """The country that CloudFront sees (ISO 3166-1 alpha-2); None where the distribution did not send this."""
        return self.headers.get(COUNTRY_HEADER) if is_from_distribution(self.headers) else None

    def access_cookie(self, method: str) -> str | None:
        """Return the access token of a browser; raises CrossSite where another site's page would change something."""
        return self._cookie(browser.ACCESS_COOKIE, browser.access_cookie_name, method)

    def refresh_cookie(self, method: str) -> str | None:
        """Return the refresh token of a browser; raises CrossSite as above."""
        return self._cookie(browser.REFRESH_COOKIE, browser.refresh_cookie_name, method)

    def cookie(self, name: str) -> str | None:
        """Return a cookie of any name."""
        return browser.cookie(self.headers.get("cookie", ""), name)

    def check_own_page(self) -> None:
        """Raise CrossSite unless the site's own page made this request."""
        if not browser.is_own_page(self.headers, site.public_url()):
            raise CrossSite

    def _cookie(self, plain_name: str, named: browser.Named, method: str) -> str | None:
        # Most requests have no such cookie: they need not know the site's address.
        if plain_name not in self.headers.get("cookie", ""):
            return None
        value = self.cookie(named(site.public_url()))
        if value is not None and method not in browser.SAFE_METHODS:
            self.check_own_page()
        return value


def read_visitor(request: Request) -> Visitor:
    """Read who sent this; the gateway passes header names as they came."""
    headers = {str(name).lower(): str(value) for name, value in request.headers.items()}
    return Visitor(
        address=client_address(headers, str(request.context.get("identity", {}).get("sourceIp", ""))),
        user_agent=headers.get("user-agent", "")[:MAX_USER_AGENT_CHARS],
        headers=headers,
    )
