"""Getting in and out: registering, signing in, staying signed in, and ending all that."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from millrace.accounts import passwords, signing_keys, store, tokens
from millrace.accounts.errors import (
    AccountGone,
    BadMailToken,
    BadRefreshToken,
    PasswordChanged,
    Suspended,
    WrongCredentials,
)
from millrace.accounts.messages import Credentials, PasswordChange, Registration, SignedIn, User
from millrace.accounts.model import FIRST_ROLES, Account, Credential, name_from_email, normal_email
from millrace.accounts.sessions import service as session_service
from millrace.accounts.sessions.model import IDLE_LIFETIME, Device, Session
from millrace.accounts.sessions.refresh_tokens import RefreshToken
from millrace.platform import events, site
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.errors import Invalid
from millrace.platform.ids import UserId, new_id
from millrace.platform.observability import logger

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with its tokens, for whichever way they travel."""

    account: Account
    session_id: str
    access_token: str
    refresh_token: str

    def shown(self, *, with_tokens: bool) -> SignedIn:
        """Show it to its owner: without tokens where cookies carry them."""
        return SignedIn(
            user=User.of(self.account),
            session_id=self.session_id,
            access_token=self.access_token if with_tokens else None,
            expires_in=tokens.LIFETIME // SECOND,
            refresh_token=self.refresh_token if with_tokens else None,
            refresh_expires_in=IDLE_LIFETIME // SECOND,
        )


def register(registration: Registration, device: Device) -> Opened:
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
    announce(events.UserRegistered(user_id=account.user_id))
    return open_session(account, device)


def sign_in(credentials: Credentials, device: Device) -> Opened:
    """Check the password and begin a session; raises WrongCredentials, the same for whatever is wrong, or Suspended.

    Natural to repeat: each call begins a session of its own.
    """
    found = check_password(credentials.email, credentials.password.get_secret_value())
    return open_session(_owner(found), device)


def refresh(refresh_token: str) -> Opened:
    """Exchange a refresh token for a new pair; raises BadRefreshToken or Suspended.

    Roles are read anew, so that a change of them holds from the next exchange on.
    """
    at = now()
    session, successor = session_service.use(refresh_token, at)
    try:
        account = store.account(session.user_id)
    except AccountGone as error:
        raise BadRefreshToken("no account") from error
    if session.is_over(at, account.epoch) or account.suspension is not None:
        session_service.end(session.user_id, session.session_id)
        check_standing(account)
        raise BadRefreshToken("ended")
    return _opened(account, session, successor, at)


def sign_out(caller: Caller) -> None:
    """End the session that the caller's token belongs to. The token itself holds until it expires."""
    session_service.end(caller.user_id, caller.session_id)


def sign_out_by_token(refresh_token: str) -> None:
    """End the session of a refresh token; one that is no good ends nothing."""
    try:
        session, _ = session_service.use(refresh_token, now())
    except BadRefreshToken:
        return
    session_service.end(session.user_id, session.session_id)


def sign_out_everywhere(user_id: UserId) -> None:
    """End every session of the account, and every sign-in on the way; raises AccountGone."""
    store.end_epoch(store.account(user_id))
    session_service.end_all(user_id)


def change_password(caller: Caller, change: PasswordChange, device: Device) -> Opened:
    """Set another password, end every session and begin a new one.

    Raises WrongCredentials, Invalid or PasswordChanged.
    """
    account = store.account(caller.user_id)
    check_password(account.email, change.current_password.get_secret_value())
    password = change.new_password.get_secret_value()
    check_policy(password, account.email)
    try:
        store.set_password(account, passwords.hashed(password), now())
    except BadMailToken as error:
        raise PasswordChanged from error
    session_service.end_all(caller.user_id)
    announce(events.PasswordChanged(user_id=account.user_id))
    return open_session(store.account(caller.user_id), device)


def check_password(email: str, password: str) -> Credential:
    """Return the credential that address and password belong to; raises WrongCredentials."""
    found = _credential(email)
    # The work is the same whether the address is known or not, so that the clock does not tell.
    password_hash = found.password_hash if found and found.password_hash else passwords.STAND_IN
    if not passwords.matches(password_hash, password) or found is None or not found.password_hash:
        raise WrongCredentials
    if passwords.is_outdated(found.password_hash):
        store.replace_hash(found, passwords.hashed(password))
    return found


def check_policy(password: str, email: str, field: str = "new_password") -> None:
    """Raise Invalid where a password is too easily guessed."""
    try:
        passwords.check_policy(password, email)
    except ValueError as error:
        raise Invalid(field, str(error)) from error


def check_standing(account: Account) -> None:
    """Raise Suspended where the account is."""
    if account.suspension is not None:
        raise Suspended(account.suspension.reason)


def open_session(account: Account, device: Device) -> Opened:
    """Begin a session for somebody who has proven who they are; raises Suspended."""
    check_standing(account)
    at = now()
    session, refresh_token = session_service.begin(account.user_id, epoch=account.epoch, device=device, at=at)
    return _opened(account, session, refresh_token, at)


def announce(event: events.DomainEvent) -> None:
    """Publish an event about a change that stands whether the bus takes it or not."""
    try:
        events.publish(event)
    except events.EventsNotPublished:
        logger().exception("not announced", event_type=type(event).__name__)


def _owner(found: Credential) -> Account:
    try:
        account = store.account(found.user_id)
    except AccountGone as error:
        raise WrongCredentials from error
    # The password has changed, or all has been signed out, since it was checked.
    if account.epoch != found.epoch:
        raise WrongCredentials
    return account


def _credential(email: str) -> Credential | None:
    try:
        return store.credential(normal_email(email))
    except ValueError:
        return None


def _opened(account: Account, session: Session, refresh_token: RefreshToken, at: datetime) -> Opened:
    key = signing_keys.ring().signer()
    access_token = tokens.issue(
        Caller(account.user_id, frozenset(account.roles), session.session_id),
        issuer=site.public_url(),
        kid=key.kid,
        sign=lambda message: signing_keys.sign(key, message),
        at=at,
    )
    return Opened(account, session.session_id, access_token, refresh_token.text)
