"""What happens to sessions."""

import hmac
from datetime import datetime

from millrace.accounts.errors import BadRefreshToken
from millrace.accounts.sessions import store
from millrace.accounts.sessions.model import IDLE_LIFETIME, REPEAT_WITHIN, Device, Session
from millrace.accounts.sessions.refresh_tokens import RefreshToken
from millrace.platform.ids import UserId, new_id
from millrace.platform.observability import logger

__all__ = ["begin", "end", "end_all", "find", "page", "use"]

end = store.delete
end_all = store.delete_all
find = store.find
page = store.page


def begin(user_id: UserId, *, epoch: int, device: Device, at: datetime) -> tuple[Session, RefreshToken]:
    """Begin a session and return its first refresh token."""
    token = RefreshToken.new(user_id, new_id())
    session = Session(
        user_id=user_id,
        session_id=token.session_id,
        epoch=epoch,
        device=device,
        created_at=at,
        used_at=at,
        expires_at=at + IDLE_LIFETIME,
        family_hash=token.family_hash,
        secret_hash=token.secret_hash,
    )
    store.create(session)
    return session, token


def use(text: str, at: datetime) -> tuple[Session, RefreshToken]:
    """Exchange a refresh token for its successor; raises BadRefreshToken.

    The same token again within `REPEAT_WITHIN`, and before its successor was used, gets the same successor: nothing
    changes, and a thief who is that fast shares one token with its owner, which the next use of either brings to
    light. Any later use of an old token ends the session.
    """
    presented = RefreshToken.parse(text)
    if presented is None:
        raise BadRefreshToken("shape")
    successor = presented.successor()
    rotated = store.rotate(presented, successor, at=at, until=at + IDLE_LIFETIME)
    return (rotated, successor) if rotated is not None else _used_before(presented, at)


def _used_before(presented: RefreshToken, at: datetime) -> tuple[Session, RefreshToken]:
    session = store.find(presented.user_id, presented.session_id)
    if session is None or not hmac.compare_digest(session.family_hash, presented.family_hash):
        raise BadRefreshToken("unknown")
    if at >= session.expires_at:
        raise BadRefreshToken("lapsed")
    is_repeated = hmac.compare_digest(session.previous_hash, presented.secret_hash)
    if is_repeated and at < session.used_at + REPEAT_WITHIN:
        return session, presented.unseal(session.sealed_secret)
    store.delete(session.user_id, session.session_id)
    logger().warning("refresh token used twice", user_id=session.user_id, session_id=session.session_id)
    raise BadRefreshToken("used twice")
