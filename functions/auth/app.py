"""Accounts over HTTP: register, sign in, one's own profile, and the public keys of access tokens."""

from millrace.accounts import service
from millrace.accounts.errors import AccountGone, EmailTaken, WrongCredentials
from millrace.accounts.messages import Credentials, JwkSet, ProfileChanges, Registration, SignedIn, User
from millrace.platform.http import Access, Api, Caller, Reply

api = Api("auth", authenticate=service.authenticate)
handler = api.chalice


@api.route("POST", "/api/auth/register", status=201, tag="accounts", raises=[EmailTaken])
def register(body: Registration) -> SignedIn:
    """Make an account and sign in. Repeating it changes nothing and answers 409: the address is taken."""
    return service.register(body)


@api.route("POST", "/api/auth/sign-in", tag="accounts", raises=[WrongCredentials])
def sign_in(body: Credentials) -> SignedIn:
    """Exchange email and password for an access token. Safe to repeat: each answer is a token of its own."""
    return service.sign_in(body)


@api.route("GET", "/api/users/me", access=Access.SIGNED_IN, tag="accounts", raises=[AccountGone])
def read_me(caller: Caller) -> User:
    """Read one's own account. Changes nothing."""
    return service.profile(caller.user_id)


@api.route("PATCH", "/api/users/me", access=Access.SIGNED_IN, tag="accounts", raises=[AccountGone])
def update_me(body: ProfileChanges, caller: Caller) -> User:
    """Change one's own profile. Repeating it leaves the same profile."""
    return service.update_profile(caller.user_id, body)


@api.route("GET", "/.well-known/jwks.json", tag="accounts")
def public_keys() -> Reply[JwkSet]:
    """Read the public keys of access tokens. Changes nothing."""
    # Verifiers may keep them for five minutes, so a new key has to stand here that long before it signs.
    return Reply(service.public_keys(), headers={"Cache-Control": "public, max-age=300"})
