"""What people do with accounts."""

from datetime import timedelta

from millrace.accounts import passwords, signing_keys, store, tokens
from millrace.accounts.access import authenticate
from millrace.accounts.errors import WrongCredentials
from millrace.accounts.messages import (
    Credentials,
    JwkSet,
    ProfileChanges,
    PublicJwk,
    Registration,
    SignedIn,
    User,
)
from millrace.accounts.model import FIRST_ROLES, Account, Credential, name_from_email, normal_email
from millrace.platform import events, site
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import UserId, new_id
from millrace.platform.observability import logger

__all__ = ["authenticate", "profile", "public_keys", "register", "sign_in", "update_profile"]


def register(registration: Registration) -> SignedIn:
    """Make an account and sign its owner in; raises EmailTaken.

    A repeated registration finds the address taken and changes nothing. The account stands even where the bus
    refuses `UserRegistered`: its owner could not register again.
    """
    account = Account(
        user_id=UserId(new_id()),
        email=registration.email,
        display_name=registration.display_name or name_from_email(registration.email),
        roles=FIRST_ROLES,
        created_at=now(),
    )
    password_hash = passwords.hashed(registration.password.get_secret_value())
    store.create(account, Credential(account.email, account.user_id, password_hash))
    try:
        events.publish(events.UserRegistered(user_id=account.user_id))
    except events.EventsNotPublished:
        logger().exception("registration not announced", user_id=account.user_id)
    return _signed_in(account)


def sign_in(credentials: Credentials) -> SignedIn:
    """Check the password and issue a token; raises WrongCredentials, the same for whatever is wrong.

    Natural to repeat: each call issues a token of its own and stores nothing but a renewed hash.
    """
    password = credentials.password.get_secret_value()
    found = _credential(credentials.email)
    # The work is the same whether the address is known or not, so that the clock does not tell.
    if not passwords.matches(found.password_hash if found else passwords.STAND_IN, password) or found is None:
        raise WrongCredentials
    if passwords.is_outdated(found.password_hash):
        store.replace_hash(found, passwords.hashed(password))
    return _signed_in(store.account(found.user_id))


def profile(user_id: UserId) -> User:
    """Return a person's own account; raises AccountGone."""
    return User.of(store.account(user_id))


def update_profile(user_id: UserId, changes: ProfileChanges) -> User:
    """Change a person's own profile; raises AccountGone. Repeating it leaves the same profile."""
    return User.of(store.rename(user_id, changes.display_name))


def public_keys() -> JwkSet:
    """Return the keys that prove our tokens; raises KeysUnavailable."""
    keys = [(key.kid, key.public.as_dict(private=False)) for key in signing_keys.ring().all()]
    return JwkSet(
        keys=tuple(
            PublicJwk(kty=str(jwk["kty"]), crv=str(jwk["crv"]), x=str(jwk["x"]), y=str(jwk["y"]), kid=kid)
            for kid, jwk in keys
        )
    )


def _credential(email: str) -> Credential | None:
    try:
        return store.credential(normal_email(email))
    except ValueError:
        return None


def _signed_in(account: Account) -> SignedIn:
    key = signing_keys.ring().signer()
    token = tokens.issue(
        Caller(account.user_id, frozenset(account.roles)),
        issuer=site.public_url(),
        kid=key.kid,
        sign=lambda message: signing_keys.sign(key, message),
        at=now(),
    )
    return SignedIn(user=User.of(account), access_token=token, expires_in=tokens.LIFETIME // timedelta(seconds=1))
