"""Taking one's data along, and going for good."""

from datetime import timedelta

from millrace.accounts import avatars, store
from millrace.accounts.errors import SignInAgain
from millrace.accounts.messages import Deletion, Export, SessionView, User
from millrace.accounts.model import Account
from millrace.accounts.sessions import service as sessions
from millrace.accounts.sessions.model import Session
from millrace.accounts.signing_in import check_password
from millrace.platform import events
from millrace.platform.caller import Caller
from millrace.platform.clock import now

# Who has no password proves by a fresh session that it is not a forgotten one in a library.
FRESH = timedelta(minutes=10)
# What others keep of a person, where that person gets it.
ELSEWHERE = ("/api/videos", "/api/me/channels")
SESSIONS_PER_READ = 100


def export(caller: Caller) -> Export:
    """Return all that accounts know of somebody; raises AccountGone."""
    account = store.account(caller.user_id)
    return Export(
        exported_at=now(),
        user=User.of(account),
        has_password=_has_password(account),
        identities=tuple(sorted(account.identities)),
        sessions=tuple(SessionView.of(session, caller.session_id) for session in _all_sessions(caller)),
        elsewhere=ELSEWHERE,
    )


def delete(caller: Caller, wish: Deletion) -> None:
    """Delete the account and all that is its owner's; raises AccountGone, WrongCredentials or SignInAgain.

    The others are told first: whatever fails afterwards, the account is still there to ask again, while an account
    that is gone could never have told them. They, and this, may happen twice.
    """
    account = store.account(caller.user_id)
    _check_owner(account, caller, wish)
    events.publish(events.AccountDeleted(user_id=account.user_id))
    avatars.remove_all(account.user_id)
    sessions.end_all(account.user_id)
    store.delete(account)


def _check_owner(account: Account, caller: Caller, wish: Deletion) -> None:
    if _has_password(account):
        check_password(account.email, wish.password.get_secret_value() if wish.password else "")
        return
    session = sessions.find(caller.user_id, caller.session_id)
    if session is None or now() >= session.created_at + FRESH:
        raise SignInAgain


def _has_password(account: Account) -> bool:
    found = store.credential(account.email)
    return found is not None and bool(found.password_hash)


def _all_sessions(caller: Caller) -> list[Session]:
    found, last = sessions.page(caller.user_id, SESSIONS_PER_READ)
    all_found = list(found)
    while last is not None:
        found, last = sessions.page(caller.user_id, SESSIONS_PER_READ, last)
        all_found += found
    return all_found
