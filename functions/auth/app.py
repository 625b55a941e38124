"""Accounts over HTTP: register, sign in and out, sessions, one's own profile, and the public keys of access tokens."""

from millrace.accounts import service
from millrace.accounts.cookies import cleared_cookies, session_cookies
from millrace.accounts.errors import (
    AccountGone,
    BadMailToken,
    BadRefreshToken,
    EmailTaken,
    PasswordChanged,
    Suspended,
    WrongCredentials,
)
from millrace.accounts.mails import service as mails
from millrace.accounts.messages import (
    Accepted,
    Credentials,
    JwkSet,
    MailTokenUse,
    PasswordChange,
    ProfileChanges,
    Refresh,
    Registration,
    Reset,
    ResetWish,
    SessionList,
    SessionView,
    SignedIn,
    Transport,
    User,
)
from millrace.accounts.model import Account
from millrace.accounts.sessions.model import Device, SessionId
from millrace.platform.http import Access, Api, Caller, CrossSite, Empty, Page, Reply, Visitor, expected_version
from millrace.platform.limits import per_account, per_address, per_value

HOUR_S = 3600

api = Api("auth", authenticate=service.authenticate)
handler = api.chalice


@api.route(
    "POST",
    "/api/auth/register",
    status=201,
    tag="accounts",
    cookies=True,
    raises=[EmailTaken, CrossSite],
    limits=[per_address("sign-up", 10, 3600)],
)
def register(body: Registration, visitor: Visitor) -> Reply[SignedIn]:
    """Make an account and sign in. Repeating it changes nothing and answers 409: the address is taken."""
    _check_transport(body.transport, visitor)
    return _answer(service.register(body, _device(visitor)), body.transport)


@api.route(
    "POST",
    "/api/auth/sign-in",
    tag="accounts",
    cookies=True,
    raises=[WrongCredentials, Suspended, CrossSite],
    # Many people share an address, and nobody mistypes one password ten times in a quarter of an hour.
    limits=[per_address("sign-in", 30, 300), per_value("sign-in", 10, 900, field="email")],
)
def sign_in(body: Credentials, visitor: Visitor) -> Reply[SignedIn]:
    """Exchange email and password for the tokens of a new session. Safe to repeat: each answer begins its own."""
    _check_transport(body.transport, visitor)
    return _answer(service.sign_in(body, _device(visitor)), body.transport)


@api.route("POST", "/api/auth/refresh", tag="accounts", cookies=True, raises=[BadRefreshToken, Suspended, CrossSite])
def refresh_session(body: Refresh, visitor: Visitor) -> Reply[SignedIn]:
    """Exchange a refresh token for the next pair of tokens. It is good once; using it again ends the session.

    For ten seconds a repetition gets the same answer again, as long as the new refresh token was not used.
    """
    if body.refresh_token is not None:
        return _answer(service.refresh(body.refresh_token.get_secret_value()), Transport.BEARER)
    return _answer(service.refresh(visitor.refresh_cookie("POST") or ""), Transport.COOKIES)


@api.route("POST", "/api/auth/sign-out", status=204, access=Access.OPTIONAL, tag="accounts", cookies=True)
def sign_out(caller: Caller | None, visitor: Visitor) -> Empty:
    """End this session: that of the token, or of the browser's cookies. Repeating it changes nothing."""
    if caller is not None:
        service.sign_out(caller)
    elif (refresh_token := visitor.refresh_cookie("POST")) is not None:
        service.sign_out_by_token(refresh_token)
    return Empty(cookies=cleared_cookies())


@api.route(
    "POST",
    "/api/auth/sign-out-everywhere",
    status=204,
    access=Access.SIGNED_IN,
    tag="accounts",
    cookies=True,
    raises=[AccountGone],
)
def sign_out_everywhere(caller: Caller) -> Empty:
    """End every session of the account, this one too. Repeating it changes nothing."""
    service.sign_out_everywhere(caller.user_id)
    return Empty(cookies=cleared_cookies())


@api.route("GET", "/api/auth/sessions", access=Access.SIGNED_IN, tag="accounts")
def list_sessions(query: SessionList, caller: Caller) -> Page[SessionView]:
    """List one's sessions, newest first."""
    return service.list_sessions(caller, query)


@api.route("DELETE", "/api/auth/sessions/{session_id}", status=204, access=Access.SIGNED_IN, tag="accounts")
def end_session(session_id: SessionId, caller: Caller) -> None:
    """End one of one's own sessions. Repeating it changes nothing."""
    service.end_session(caller, session_id)


@api.route(
    "POST",
    "/api/auth/password",
    access=Access.SIGNED_IN,
    tag="accounts",
    cookies=True,
    raises=[AccountGone, WrongCredentials, PasswordChanged],
    limits=[per_account("password", 10, 900)],
)
def change_password(body: PasswordChange, caller: Caller, visitor: Visitor) -> Reply[SignedIn]:
    """Set another password. Every session ends, and a new one begins for who asked."""
    transport = Transport.BEARER if "authorization" in visitor.headers else Transport.COOKIES
    return _answer(service.change_password(caller, body, _device(visitor)), transport)


@api.route(
    "POST",
    "/api/auth/email-verification",
    status=202,
    access=Access.SIGNED_IN,
    tag="accounts",
    limits=[per_account("verification", 5, HOUR_S)],
)
def ask_verification(caller: Caller) -> Accepted:
    """Have another mail sent that proves one's address. Each call sends one; a proven address gets none."""
    mails.ask_verification(caller.user_id)
    return Accepted()


@api.route("POST", "/api/auth/verify-email", status=204, tag="accounts", raises=[BadMailToken])
def verify_email(body: MailTokenUse) -> None:
    """Prove one's address by the token of a mail. It works once."""
    mails.verify(body)


@api.route(
    "POST",
    "/api/auth/password-reset",
    status=202,
    tag="accounts",
    limits=[per_address("reset", 10, HOUR_S), per_value("reset-email", 5, HOUR_S, field="email")],
)
def ask_reset(body: ResetWish) -> Accepted:
    """Have a mail sent that allows to set a new password; the answer is the same for an address that nobody has."""
    mails.ask_reset(body)
    return Accepted()


@api.route(
    "POST",
    "/api/auth/reset-password",
    status=204,
    tag="accounts",
    raises=[BadMailToken],
    limits=[per_address("reset-use", 30, HOUR_S)],
)
def reset_password(body: Reset) -> None:
    """Set a new password by the token of a mail. It works once, and ends every session."""
    mails.reset(body)


@api.route("GET", "/api/users/me", access=Access.SIGNED_IN, tag="accounts", raises=[AccountGone])
def read_me(caller: Caller) -> Reply[User]:
    """Read one's own account. Changes nothing."""
    return _user(service.profile(caller.user_id))


@api.route("PATCH", "/api/users/me", access=Access.SIGNED_IN, tag="accounts", raises=[AccountGone])
def update_me(body: ProfileChanges, caller: Caller, if_match: str | None) -> Reply[User]:
    """Change one's own profile. Repeating it leaves the same profile; with If-Match it changes what was read only."""
    return _user(service.update_profile(caller.user_id, body, expected_version(if_match)))


@api.route("GET", "/.well-known/jwks.json", tag="accounts")
def public_keys() -> Reply[JwkSet]:
    """Read the public keys of access tokens. Changes nothing."""
    # Verifiers may keep them for five minutes, so a new key has to stand here that long before it signs.
    return Reply(service.public_keys(), headers={"Cache-Control": "public, max-age=300"})


def _user(account: Account) -> Reply[User]:
    return Reply(User.of(account), etag=str(account.version))


def _check_transport(transport: Transport, visitor: Visitor) -> None:
    # Another site's page must not sign its visitor in to an account of its own choice.
    if transport is Transport.COOKIES:
        visitor.check_own_page()


def _device(visitor: Visitor) -> Device:
    return Device(visitor.address, visitor.user_agent)


def _answer(opened: service.Opened, transport: Transport) -> Reply[SignedIn]:
    if transport is Transport.COOKIES:
        return Reply(opened.shown(with_tokens=False), cookies=session_cookies(opened))
    return Reply(opened.shown(with_tokens=True))
