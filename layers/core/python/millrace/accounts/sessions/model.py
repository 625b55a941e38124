"""What a session is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from millrace.platform.ids import UserId

SessionId = NewType("SessionId", str)

# Each use of the refresh token begins this time anew: a month of absence signs out.
IDLE_LIFETIME = timedelta(days=30)
# How long after a rotation the same answer is given again to whoever presents the same token: two tabs of one
# browser, or a program whose first answer was lost on the way.
REPEAT_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session is used, in its own words: for its owner to know it again."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one account, from one browser or program."""

    user_id: UserId
    session_id: str
    epoch: int
    """The account's own when it began: a session of an older one is over."""
    device: Device
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    family_hash: str
    """Of the part that all refresh tokens of the session share."""
    secret_hash: str
    """Of the secret of the one refresh token that is good now."""
    previous_hash: str = ""
    """Of the secret before it."""
    sealed_secret: bytes = b""
    """The good secret, closed up so that only the one before it opens it."""

    def is_over(self, at: datetime, epoch: int) -> bool:
        """Tell whether it has lapsed, or the account has signed out everywhere since."""
        return at >= self.expires_at or self.epoch != epoch
