"""A browser, as far as cookies go."""

from typing import Any

from tests.integration.accounts.conftest import SITE
from tests.integration.accounts.gateway import Answer, Gateway

ACCESS, REFRESH_COOKIE = "__Host-millrace_access", "__Secure-millrace_refresh"


class Browser:
    """Keeps cookies as a browser does, for one site."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.cookies: dict[str, str] = {}
        self.attributes: dict[str, str] = {}

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        origin: str = SITE,
        gateway: Gateway | None = None,
        **options: Any,
    ) -> Answer:
        """Call a route with the cookies, and keep those that it sets."""
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = (gateway or self.gateway).call(method, path, body, cookie=sent, origin=origin, **options)
        for line in answer.set_cookies:
            pair, _, attributes = line.partition("; ")
            name, _, value = pair.partition("=")
            self.attributes[name] = attributes
            if "Max-Age=0" in attributes.split("; "):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer
