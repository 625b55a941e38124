"""An OpenID provider, and a GitHub, that say what a test makes them say: by real HTTP, with real keys."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from millrace.platform.clock import now
from millrace.platform.ids import new_id


@dataclass
class Provider:
    """What the provider will say next; it checks our side of the protocol as a strict one would."""

    url: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    published: RSAKey | None = None
    subject: str = field(default_factory=new_id)
    claims: dict[str, Any] = field(default_factory=dict)
    """Added to the ID token; None takes a claim away."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    id_token: str | None = None
    """Sent instead of a proper one."""
    asked: dict[str, str] = field(default_factory=dict)
    """The last authorization request."""
    emails: list[dict[str, Any]] = field(default_factory=list)
    """GitHub's."""
    refusals: list[str] = field(default_factory=list)

    def authorize(self, url: str) -> dict[str, str]:
        """Sign somebody in, as a browser at this address would; return what we get back by the redirect."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return {"code": "the-code", "state": self.asked["state"]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        """Exchange the code, if all is as it was announced."""
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        challenge = base64.urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        for what, is_right in {
            "client": client == "our-client:our-secret",
            "grant": form.get("grant_type") == "authorization_code",
            "code": form.get("code") == "the-code",
            "redirect": form.get("redirect_uri") == self.asked.get("redirect_uri"),
            "pkce": self.asked.get("code_challenge_method") == "S256"
            and challenge.decode() == self.asked.get("code_challenge"),
        }.items():
            if not is_right:
                self.refusals.append(what)
                return 400, {"error": "invalid_grant"}
        answer = {"access_token": "theirs", "token_type": "Bearer", "expires_in": 60}
        return 200, {**answer, "id_token": self.id_token or self.signed(self.all_claims())}

    def all_claims(self) -> dict[str, Any]:
        """Return the claims of the next ID token."""
        at = int(now().timestamp())
        claims = {
            "iss": self.url,
            "aud": "our-client",
            "sub": self.subject,
            "iat": at,
            "exp": at + 300,
            "nonce": self.asked.get("nonce"),
            "email": f"{self.subject}@example.org",
            "email_verified": True,
            "name": "Ada at the provider",
            **self.claims,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign claims."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **header}, claims, self.key, algorithms=["RS256"])

    def answer(self, path: str) -> tuple[int, Any]:
        """Answer a GET."""
        match path:
            case "/.well-known/openid-configuration":
                document = {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/jwks",
                    "userinfo_endpoint": f"{self.url}/userinfo",
                }
                return 200, {**document, **self.discovery}
            case "/jwks":
                return 200, {"keys": [(self.published or self.key).as_dict(private=False)]}
            case "/userinfo":
                return 200, {"sub": self.subject, **self.userinfo}
            case "/user":
                return 200, {"id": int(sha256(self.subject.encode()).hexdigest()[:8], 16), "login": "ada", "name": None}
            case "/user/emails":
                return 200, self.emails
        return 404, {}


@contextmanager
def running() -> Iterator[Provider]:
    """Serve a provider for a while."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*provider.answer(urlsplit(self.path).path))

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            self._send(*provider.token(form, self.headers.get("Authorization", "")))

        def _send(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
