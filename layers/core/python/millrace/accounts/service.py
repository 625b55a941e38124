"""What people, and other capabilities, do with accounts."""

from millrace.accounts import signing_keys, store
from millrace.accounts.access import authenticate
from millrace.accounts.messages import JwkSet, ProfileChanges, PublicJwk, SessionList, SessionView
from millrace.accounts.model import Account
from millrace.accounts.sessions import service as sessions
from millrace.accounts.signing_in import (
    Opened,
    change_password,
    refresh,
    register,
    sign_in,
    sign_out,
    sign_out_by_token,
    sign_out_everywhere,
)
from millrace.accounts.standing import by_email, restore, search, set_roles, suspend
from millrace.platform.caller import Caller
from millrace.platform.errors import Invalid
from millrace.platform.http import Page, decode_cursor, encode_cursor
from millrace.platform.http.cursors import FOREIGN
from millrace.platform.ids import UserId, is_id

__all__ = [
    "Opened",
    "authenticate",
    "by_email",
    "change_password",
    "end_session",
    "list_sessions",
    "profile",
    "public_keys",
    "refresh",
    "register",
    "restore",
    "search",
    "set_roles",
    "sign_in",
    "sign_out",
    "sign_out_by_token",
    "sign_out_everywhere",
    "suspend",
    "update_profile",
]


def profile(user_id: UserId) -> Account:
    """Return a person's own account; raises AccountGone."""
    return store.account(user_id)


def update_profile(user_id: UserId, changes: ProfileChanges, version: int | None = None) -> Account:
    """Change a person's own profile, of this version or of any; raises AccountGone or Stale."""
    return store.rename(user_id, changes.display_name, version)


def list_sessions(caller: Caller, query: SessionList) -> Page[SessionView]:
    """Return the caller's own sessions, newest first."""
    key = decode_cursor(query.cursor)
    after = None if key is None else str(key.get("session_id"))
    if after is not None and not is_id(after):
        raise Invalid("cursor", FOREIGN)
    found, last = sessions.page(caller.user_id, query.limit, after)
    items = tuple(SessionView.of(session, caller.session_id) for session in found)
    return Page[SessionView](items=items, next_cursor=encode_cursor({"session_id": last} if last else None))


def end_session(caller: Caller, session_id: str) -> None:
    """End one of the caller's own sessions; one that is over, or somebody else's, is not there to end."""
    sessions.end(caller.user_id, session_id)


def public_keys() -> JwkSet:
    """Return the keys that prove our tokens; raises KeysUnavailable."""
    keys = [(key.kid, key.public.as_dict(private=False)) for key in signing_keys.ring().all()]
    return JwkSet(
        keys=tuple(
            PublicJwk(kty=str(jwk["kty"]), crv=str(jwk["crv"]), x=str(jwk["x"]), y=str(jwk["y"]), kid=kid)
            for kid, jwk in keys
        )
    )
