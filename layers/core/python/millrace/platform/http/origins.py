"""Which pages may read an answer (CORS).

What a bearer token may read, any page may read that has the token: the asterisk. An answer that depends on a cookie, or
sets one, is for the site's own pages: browsers send cookies along whoever asks, so the asterisk would not do, and
nobody else is named.
"""

from chalice.app import Response

from millrace.platform import browser, site
from millrace.platform.errors import Unavailable
from millrace.platform.http.model import Access
from millrace.platform.http.route import Route
from millrace.platform.http.visitor import Visitor

ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def narrow(route: Route, visitor: Visitor, response: Response) -> None:
    """Leave an answer to or with cookies to the site's own pages; other answers stay as they are."""
    reads_cookies = route.access is not Access.PUBLIC and browser.ACCESS_COOKIE in visitor.headers.get("cookie", "")
    if not (reads_cookies or route.sets_cookies):
        return
    del response.headers[ALLOW_ORIGIN]
    response.headers["Vary"] = "Origin"
    origin = visitor.headers.get("origin")
    if origin is not None and origin == _site():
        response.headers[ALLOW_ORIGIN] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"


def _site() -> str | None:
    try:
        return site.public_url()
    except Unavailable:
        # The answer itself is made already, and a page of the same origin needs no leave to read it.
        return None
