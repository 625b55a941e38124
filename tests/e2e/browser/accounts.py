"""A fake of our own accounts API, as browsers use it: sessions in cookies that its tests can end."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ACCESS, REFRESH, LINK = "millrace_access", "millrace_refresh", "millrace_link"
EMAIL = "ada@example.org"
PASSWORD = "mill wheel and river"
MAIL_TOKEN = "from-the-mail"


class Accounts:
    """One account, and what is asked of it. What tests set holds from the next request on."""

    def __init__(self) -> None:
        self.password = PASSWORD
        self.name = "Ada Lovelace"
        self.is_verified = False
        self.providers: list[dict[str, str]] = []
        self.provider_page = ""
        """Where a sign-in with a provider leads."""
        self.is_link_pending = False
        self.limit_wait_s: int | None = None
        """Signing in was tried too often."""
        self.suspended_for: str | None = None
        self.mails: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self._tokens = {MAIL_TOKEN}

    def routes(self) -> list[Route]:
        """Return the routes of the API."""
        post = {
            "sign-in": self._sign_in,
            "register": self._register,
            "refresh": self._refresh,
            "sign-out": self._sign_out,
            "verify-email": self._verify,
            "email-verification": self._ask_verification,
            "password-reset": self._ask_reset,
            "reset-password": self._reset,
            "oauth-link": self._confirm_link,
            "oauth/{provider}": self._start,
        }
        return [
            Route("/api/users/me", self._me),
            Route("/api/auth/oauth/providers", self._providers),
            Route("/api/auth/oauth-link", self._pending_link),
            *(Route(f"/api/auth/{path}", view, methods=["POST"]) for path, view in post.items()),
        ]

    def is_signed_in(self, request: Request) -> bool:
        """Tell whether the request has the access cookie of a session."""
        return request.cookies.get(ACCESS) == "good"

    def _user(self) -> dict[str, Any]:
        return {"user_id": "u", "email": EMAIL, "email_verified": self.is_verified, "display_name": self.name}

    def _opened(self, status: int = 200) -> Response:
        response = JSONResponse({"user": self._user(), "access_token": None, "refresh_token": None}, status)
        response.set_cookie(ACCESS, "good", httponly=True)
        response.set_cookie(REFRESH, "good", path="/api/auth", httponly=True, samesite="strict")
        return response

    async def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        return body

    async def _me(self, request: Request) -> Response:
        return JSONResponse(self._user()) if self.is_signed_in(request) else problem(401, "", "Sign in first.")

    async def _sign_in(self, request: Request) -> Response:
        body = await self._body(request)
        if self.limit_wait_s is not None:
            return problem(429, "too-many", "Too many requests.", headers={"retry-after": str(self.limit_wait_s)})
        if (body["email"], body["password"]) != (EMAIL, self.password):
            return problem(401, "wrong-credentials", "The email address or the password is not right.")
        if self.suspended_for is not None:
            return problem(403, "account-suspended", f"This account is suspended: {self.suspended_for}")
        return self._opened()

    async def _register(self, request: Request) -> Response:
        body = await self._body(request)
        if len(body["password"]) < 10:
            message = "A password has 10 to 128 characters"
            return problem(422, "invalid", "Some values are not acceptable.", errors={"password": message})
        if body["email"] == "taken@example.org":
            return problem(409, "email-taken", "There is an account with this email address already.")
        self.name = body.get("display_name", "ada")
        return self._opened(201)

    async def _refresh(self, request: Request) -> Response:
        if request.cookies.get(REFRESH) != "good":
            return problem(401, "bad-refresh-token", "This session is over. Sign in again.")
        return self._opened()

    async def _sign_out(self, _request: Request) -> Response:
        response = Response(status_code=204)
        response.delete_cookie(ACCESS)
        response.delete_cookie(REFRESH, path="/api/auth")
        return response

    async def _verify(self, request: Request) -> Response:
        if not self._takes(await self._body(request)):
            return _bad_token()
        self.is_verified = True
        return Response(status_code=204)

    async def _ask_verification(self, request: Request) -> Response:
        if not self.is_signed_in(request):
            return problem(401, "", "Sign in first.")
        self.mails.append(EMAIL)
        return JSONResponse({"status": "accepted"}, 202)

    async def _ask_reset(self, request: Request) -> Response:
        self.mails.append((await self._body(request))["email"])
        return JSONResponse({"status": "accepted"}, 202)

    async def _reset(self, request: Request) -> Response:
        body = await self._body(request)
        if not self._takes(body):
            return _bad_token()
        self.password = body["new_password"]
        return Response(status_code=204)

    async def _providers(self, _request: Request) -> Response:
        return JSONResponse({"providers": self.providers})

    async def _start(self, request: Request) -> Response:
        await self._body(request)
        return JSONResponse({"authorization_url": self.provider_page})

    async def _pending_link(self, _request: Request) -> Response:
        if not self.is_link_pending:
            return problem(404, "nothing-to-link", "There is nothing to link.")
        return JSONResponse({"provider": "google", "email": EMAIL})

    async def _confirm_link(self, request: Request) -> Response:
        if (await self._body(request))["password"] != self.password:
            return problem(401, "wrong-credentials", "The email address or the password is not right.")
        return self._opened()

    def _takes(self, body: dict[str, Any]) -> bool:
        is_good = body["token"] in self._tokens
        self._tokens.discard(body["token"])
        return is_good


def problem(
    status: int,
    slug: str = "",
    detail: str = "",
    *,
    errors: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a problem document; `errors` has a message by field."""
    body: dict[str, Any] = {"type": f"urn:millrace:problem:{slug}" if slug else "about:blank", "status": status}
    body |= {"detail": detail, "errors": [{"field": name, "message": why} for name, why in (errors or {}).items()]}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _bad_token() -> Response:
    return problem(409, "bad-mail-token", "This link has been used already or is too old. Ask for a new one.")
