"""Who calls: apart from `platform.http`, so that an authorizer need not load a web layer."""

from dataclasses import dataclass

from millrace.platform.ids import UserId


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as their token proves."""

    user_id: UserId
    roles: frozenset[str] = frozenset()
    session_id: str = ""
    """The session that the token belongs to."""
