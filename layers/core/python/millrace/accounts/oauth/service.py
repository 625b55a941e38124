"""Signing in with an account elsewhere, and which such accounts open one's own.

An account here is never opened by an equal address alone: whoever holds it has to say so, with the password or while
signed in. So nobody gets into an account by making one elsewhere under its address, and nobody who registered with
another's address beforehand gets into what its real owner makes later.
"""

import hmac
from dataclasses import dataclass

from millrace.accounts import store
from millrace.accounts.errors import AccountGone, EmailTaken
from millrace.accounts.model import FIRST_ROLES, Account, Credential, name_from_email, normal_display_name, normal_email
from millrace.accounts.oauth import exchange, providers
from millrace.accounts.oauth import store as oauth_store
from millrace.accounts.oauth.errors import (
    BadIdentity,
    BadState,
    Denied,
    EmailNotVerified,
    IdentityTaken,
    LastWayIn,
    NothingToLink,
)
from millrace.accounts.oauth.messages import Answer, Identities, LinkedIdentity, LinkView, Start, Started
from millrace.accounts.oauth.model import (
    FLOW_LIFETIME,
    LINK_LIFETIME,
    Flow,
    Identity,
    PendingLink,
    digest,
    new_secret,
)
from millrace.accounts.sessions.model import Device
from millrace.accounts.signing_in import Opened, announce, check_password, check_standing, open_session
from millrace.platform import events, site
from millrace.platform.clock import now
from millrace.platform.ids import UserId, new_id
from millrace.platform.store import Cancelled

CALLBACK = "/api/auth/oauth/{provider}/callback"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a sign-in ended: with a session, or with a link that waits for consent; neither where one was linked."""

    return_to: str
    opened: Opened | None = None
    link_secret: str = ""


def start(provider_id: str, wish: Start, user_id: UserId | None) -> tuple[Started, str]:
    """Begin a sign-in; return where to go, and the secret that the browser must keep until it is back."""
    provider = providers.provider(provider_id)
    state, browser_secret = new_secret(), new_secret()
    flow = Flow(
        provider_id=provider.id,
        browser_hash=digest(browser_secret),
        nonce=new_secret(),
        code_verifier=new_secret(),
        return_to=wish.return_to,
        expires_at=now() + FLOW_LIFETIME,
        user_id=user_id if wish.link else None,
    )
    url = exchange.authorization_url(provider, redirect_uri(provider.id), state, flow)
    oauth_store.create_flow(digest(state), flow)
    return Started(authorization_url=url), browser_secret


def claim(provider_id: str, answer: Answer, browser_secret: str | None) -> Flow:
    """Return the sign-in that the provider's answer belongs to, once; raises BadState."""
    flow = oauth_store.take_flow(digest(answer.state or ""))
    if flow is None or flow.provider_id != provider_id or now() >= flow.expires_at:
        raise BadState
    # Another person's browser must not be made to finish what an attacker began (RFC 9700 4.7).
    if not hmac.compare_digest(flow.browser_hash, digest(browser_secret or "")):
        raise BadState
    return flow


def finish(flow: Flow, answer: Answer, device: Device) -> Finished:
    """Do what the sign-in was for; raises one of this package's errors, or Suspended."""
    provider = providers.provider(flow.provider_id)
    # RFC 9207: where the provider says who it is, a mixed-up one comes to light.
    if answer.iss is not None and provider.issuer and answer.iss != provider.issuer:
        raise BadIdentity("issuer of the answer")
    if answer.error is not None or not answer.code:
        raise Denied
    identity = exchange.identify(provider, redirect_uri(provider.id), answer.code, flow)
    if flow.user_id is not None:
        _link(store.account(flow.user_id), identity.key)
        return Finished(flow.return_to)
    known = _owner(identity)
    if known is not None:
        return Finished(flow.return_to, open_session(known, device))
    return _join(identity, flow.return_to, device)


def pending(link_secret: str | None) -> LinkView:
    """Show what waits for consent; raises NothingToLink."""
    found = oauth_store.link(digest(link_secret or ""))
    if found is None or now() >= found.expires_at:
        raise NothingToLink
    return LinkView(provider=found.provider_id, email=found.email)


def confirm(link_secret: str | None, password: str, device: Device) -> Opened:
    """Link what waits with the account of its address, whose password proves its owner, and sign in.

    Raises NothingToLink, WrongCredentials, IdentityTaken or Suspended.
    """
    secret_hash = digest(link_secret or "")
    found = oauth_store.try_link(secret_hash)
    if found is None or now() >= found.expires_at:
        raise NothingToLink
    account = store.account(check_password(found.email, password).user_id)
    check_standing(account)
    _link(account, found.identity_key)
    oauth_store.delete_link(secret_hash)
    return open_session(account, device)


def identities(user_id: UserId) -> Identities:
    """Return which accounts elsewhere open one's own; raises AccountGone."""
    account = store.account(user_id)
    found = sorted(key.partition("|")[0] for key in account.identities)
    return Identities(
        has_password=_has_password(account), identities=tuple(LinkedIdentity(provider=name) for name in found)
    )


def unlink(user_id: UserId, provider_id: str) -> None:
    """Take a provider's identities away; raises AccountGone or LastWayIn. Repeating it changes nothing."""
    account = store.account(user_id)
    going = {key for key in account.identities if key.partition("|")[0] == provider_id}
    if going and going == account.identities and not _has_password(account):
        raise LastWayIn
    for key in sorted(going):
        try:
            store.unlink(account, key)
        except Cancelled:
            # Somebody else was faster.
            continue


def redirect_uri(provider_id: str) -> str:
    """Return the one address that the provider may send the browser back to."""
    return site.public_url() + CALLBACK.replace("{provider}", provider_id)


def _owner(identity: Identity) -> Account | None:
    user_id = store.identity(identity.key)
    if user_id is None:
        return None
    try:
        return store.account(user_id)
    except AccountGone:
        return None


def _join(identity: Identity, return_to: str, device: Device) -> Finished:
    """Make an account for somebody new, or ask the owner of an equal address for consent."""
    if not identity.is_email_verified:
        raise EmailNotVerified
    try:
        email = normal_email(identity.email)
    except ValueError as error:
        raise EmailNotVerified from error
    if store.credential(email) is None:
        account = _new_account(identity, email)
        try:
            store.create(account, Credential(email, account.user_id, ""))
        except EmailTaken:
            # By somebody who was faster, perhaps the same person: the address has to be looked at again.
            return _ask_consent(identity, email, return_to)
        announce(events.UserRegistered(user_id=account.user_id))
        return Finished(return_to, open_session(account, device))
    return _ask_consent(identity, email, return_to)


def _ask_consent(identity: Identity, email: str, return_to: str) -> Finished:
    secret = new_secret()
    pending_link = PendingLink(identity.key, identity.provider_id, email, now() + LINK_LIFETIME)
    oauth_store.create_link(digest(secret), pending_link)
    return Finished(return_to, link_secret=secret)


def _new_account(identity: Identity, email: str) -> Account:
    try:
        name = normal_display_name(identity.name)
    except ValueError:
        name = name_from_email(email)
    return Account(
        user_id=UserId(new_id()),
        email=email,
        display_name=name,
        roles=FIRST_ROLES,
        created_at=now(),
        is_verified=True,
        identities=frozenset({identity.key}),
    )


def _link(account: Account, identity_key: str) -> None:
    if identity_key in account.identities:
        return
    try:
        store.link(account, identity_key)
    except Cancelled as error:
        raise IdentityTaken from error


def _has_password(account: Account) -> bool:
    found = store.credential(account.email)
    return found is not None and bool(found.password_hash)
