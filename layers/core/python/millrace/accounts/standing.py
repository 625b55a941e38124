"""What those who run the platform do with accounts; who may is theirs to check."""

from typing import Any

from millrace.accounts import store
from millrace.accounts.errors import NobodyThere
from millrace.accounts.model import Account, Role, Suspension
from millrace.accounts.sessions import service as sessions
from millrace.platform.clock import now
from millrace.platform.errors import NotFound
from millrace.platform.ids import UserId, is_id

PAGE = 20
Position = dict[str, Any]
Found = tuple[Account, ...]


def suspend(user_id: UserId, reason: str) -> Account:
    """Keep somebody out until `restore`; raises AccountGone. They read the reason when they try to sign in.

    Every session ends at once; access tokens hold for their own life, 15 minutes at most. Repeating it changes the
    reason.
    """
    account = store.set_suspension(user_id, Suspension(reason, now()))
    # Twice for an account that already is: a session that began in between ends too.
    store.end_epoch(account)
    sessions.end_all(user_id)
    return account


def restore(user_id: UserId) -> Account:
    """Let somebody in again; raises AccountGone. Repeating it changes nothing."""
    return store.set_suspension(user_id, None)


def set_roles(user_id: UserId, roles: frozenset[Role]) -> Account:
    """Change what somebody may do; raises AccountGone.

    It holds from the next access token on, so in 15 minutes at most.
    """
    return store.set_roles(user_id, roles)


def by_email(email: str) -> Account:
    """Return the account of an address; raises NobodyThere."""
    found = store.credential(email)
    if found is None:
        raise NobodyThere
    return store.account(found.user_id)


def search(query: str, cursor: Position | None = None, limit: int = PAGE) -> tuple[Found, Position | None]:
    """Find accounts by id, by the beginning of the address, or by the beginning of the shown name.

    Return a page and where the next one begins (None: this is the last). An empty query lists all by address. Names
    are looked through after all addresses.
    """
    wanted = " ".join(query.split())
    if is_id(wanted):
        return _by_id(UserId(wanted)), None
    position = cursor or {}
    if position.get("in") != "names":
        found, last = store.page_by_email(wanted.casefold(), limit, position.get("after"))
        if last:
            return found, {"in": "emails", "after": last}
        # An address has no spaces, and all are listed already where nothing was asked for.
        return found, {"in": "names", "after": None} if wanted else None
    found, last = store.page_by_name(wanted, limit, position.get("after"))
    return found, {"in": "names", "after": last} if last else None


def find(user_id: UserId) -> Account | None:
    """Return the account, or None where there is none."""
    found = _by_id(user_id)
    return found[0] if found else None


def _by_id(user_id: UserId) -> tuple[Account, ...]:
    try:
        return (store.account(user_id),)
    except NotFound:
        return ()
