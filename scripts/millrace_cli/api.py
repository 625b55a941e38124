"""Speak to the platform's public API, as any client would."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from scripts.millrace_cli.console import CommandFailed

Json = dict[str, Any]
_UNAUTHENTICATED = 401
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class ApiRefused(CommandFailed):
    """The API answered with a problem."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status beside the message that the person reads."""
        super().__init__(message)
        self.status = status


class Api:
    """A session with the API; sign in before anything that needs an account."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        """Open no connection yet."""
        self._http = httpx.Client(base_url=base_url, timeout=_TIMEOUT, transport=transport, trust_env=False)
        self._refresh_token: str | None = None

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    def register(self, email: str, password: str, display_name: str) -> None:
        """Make an account and be signed in to it."""
        body = {"email": email, "password": password, "display_name": display_name}
        self._use(self.request("POST", "/api/auth/register", body))

    def sign_in(self, email: str, password: str) -> None:
        """Sign in to an account."""
        self._use(self.request("POST", "/api/auth/sign-in", {"email": email, "password": password}))

    def request(self, method: str, path: str, body: Json | None = None) -> Json:
        """Return the answer's JSON; raise ApiRefused with the problem in the API's own words.

        An access token lasts for minutes, an upload for hours: one that has expired on the way is exchanged.
        """
        try:
            return self._request(method, path, body)
        except ApiRefused as refused:
            if refused.status != _UNAUTHENTICATED or self._refresh_token is None:
                raise
        refresh_token, self._refresh_token = self._refresh_token, None
        self._use(self._request("POST", "/api/auth/refresh", {"refresh_token": refresh_token}))
        return self._request(method, path, body)

    def sign_out(self) -> None:
        """End the session, so that commands leave none behind."""
        if "Authorization" in self._http.headers:
            self.request("POST", "/api/auth/sign-out")
            del self._http.headers["Authorization"]
            self._refresh_token = None

    def _request(self, method: str, path: str, body: Json | None) -> Json:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise CommandFailed(f"the API does not answer at {self._http.base_url}: {error}") from error
        try:
            content = answer.json()
        except ValueError:
            content = {}
        if answer.is_success:
            return dict(content)
        raise ApiRefused(answer.status_code, _problem(answer.status_code, content if isinstance(content, dict) else {}))

    def _use(self, signed_in: Json) -> None:
        self._refresh_token = signed_in["refresh_token"]
        self._http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"


def _problem(status: int, content: Json) -> str:
    fields = [f"{item.get('field')}: {item.get('message')}" for item in content.get("errors") or []]
    words = content.get("detail") or content.get("title") or content.get("message") or "no reason given"
    return f"the API refused ({status}): {'; '.join(fields) or words}"
