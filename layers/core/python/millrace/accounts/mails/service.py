"""Proving addresses and replacing forgotten passwords by mail.

Whoever asks only puts an event on the bus; a function of its own writes the mail. So asking takes as long, and
answers the same, whether an account exists or not, and a mail survives a moment in which SES does not answer.
"""

import secrets
from datetime import timedelta
from hashlib import sha256

from millrace.accounts import passwords, store
from millrace.accounts.errors import AccountGone, BadMailToken
from millrace.accounts.mails import letters
from millrace.accounts.messages import MailTokenUse, Reset, ResetWish
from millrace.accounts.model import Account, MailToken, Purpose
from millrace.accounts.sessions import service as sessions
from millrace.accounts.signing_in import announce, check_policy
from millrace.platform import events, mail, site
from millrace.platform.clock import now
from millrace.platform.ids import UserId, new_id
from millrace.platform.observability import logger

LIFETIMES = {Purpose.VERIFY: timedelta(days=2), Purpose.RESET: timedelta(hours=1)}
TOKEN_BYTES = 32


def ask_verification(user_id: UserId) -> None:
    """Have another mail sent to prove the address; raises EventsNotPublished."""
    events.publish(events.EmailVerificationAsked(user_id=user_id))


def ask_reset(wish: ResetWish) -> None:
    """Have a mail sent that allows to set a new password, if there is such an account; raises EventsNotPublished."""
    found = store.credential(wish.email)
    # For nobody too: the work, and so the time, is the same.
    events.publish(events.PasswordResetAsked(user_id=found.user_id if found else UserId(new_id())))


def answer(event: events.DomainEvent) -> None:
    """Send the mail that an event calls for; raises MailUnavailable.

    An event that comes twice sends two mails; both links work, until one of them was used.
    """
    match event:
        case events.UserRegistered(user_id=user_id) | events.EmailVerificationAsked(user_id=user_id):
            _send_verification(user_id)
        case events.PasswordResetAsked(user_id=user_id):
            _send_reset(user_id)
        case events.PasswordChanged(user_id=user_id):
            if (account := _account(user_id)) is not None:
                mail.send(letters.password_changed(account.email, account.display_name, site.public_url()))


def verify(use: MailTokenUse) -> None:
    """Note that the address is its owner's; raises BadMailToken."""
    token_hash, token = _good_token(use.token.get_secret_value(), Purpose.VERIFY)
    store.verify(token, token_hash, now())


def reset(wish: Reset) -> None:
    """Set the new password and end every session; raises BadMailToken or Invalid.

    The mail has reached its reader, so the address counts as proven.
    """
    token_hash, token = _good_token(wish.token.get_secret_value(), Purpose.RESET)
    password = wish.new_password.get_secret_value()
    check_policy(password, token.email)
    owner = _account(token.user_id)
    if owner is None or owner.epoch != token.epoch:
        raise BadMailToken
    store.set_password(owner, passwords.hashed(password), now(), token_hash=token_hash)
    sessions.end_all(token.user_id)
    announce(events.PasswordChanged(user_id=token.user_id))


def _send_verification(user_id: UserId) -> None:
    account = _account(user_id)
    if account is None or account.is_verified:
        return
    token = _new_token(account, Purpose.VERIFY)
    mail.send(letters.verification(account.email, account.display_name, site.public_url(), token))


def _send_reset(user_id: UserId) -> None:
    account = _account(user_id)
    if account is None:
        return
    token = _new_token(account, Purpose.RESET)
    mail.send(letters.reset(account.email, account.display_name, site.public_url(), token))


def _account(user_id: UserId) -> Account | None:
    try:
        return store.account(user_id)
    except AccountGone:
        logger().info("no mail for nobody")
        return None


def _new_token(account: Account, purpose: Purpose) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now() + LIFETIMES[purpose]
    store.create_mail_token(_hash(token), MailToken(account.user_id, purpose, account.email, account.epoch, expires_at))
    return token


def _good_token(text: str, purpose: Purpose) -> tuple[str, MailToken]:
    token_hash = _hash(text)
    token = store.mail_token(token_hash)
    # DynamoDB removes what has expired when it finds the time.
    if token is None or token.purpose is not purpose or now() >= token.expires_at:
        raise BadMailToken
    return token_hash, token


def _hash(token: str) -> str:
    # Random, so a plain hash is enough.
    return sha256(token.encode()).hexdigest()
