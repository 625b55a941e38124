"""Who may do what: moderators watch over videos, admins over everything."""

from millrace.accounts import standing
from millrace.accounts.model import Account, Role
from millrace.administration.errors import NotAllowed
from millrace.platform.caller import Caller
from millrace.platform.ids import UserId

# An admin may do whatever a moderator may.
GRANTED_BY = {
    Role.MODERATOR: frozenset({Role.MODERATOR, Role.ADMIN}),
    Role.ADMIN: frozenset({Role.ADMIN}),
}


def require(caller: Caller, role: Role) -> None:
    """Raise NotAllowed unless the caller has the role, in the token and in the account as it is now.

    A token is believed for a quarter of an hour. Whoever was an admin until a minute ago must not be one here.
    """
    granted_by = GRANTED_BY[role]
    if not granted_by & caller.roles:
        raise NotAllowed(role)
    account = find(caller.user_id)
    if account is None or account.suspension is not None or not granted_by & account.roles:
        raise NotAllowed(role)


def find(user_id: UserId) -> Account | None:
    """Return the account, or None where there is none."""
    return standing.find(user_id)
