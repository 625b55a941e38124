"""Refresh tokens: opaque, stored only as hashes, and good for one use.

    mrt.<user id>.<session id>.<family>.<secret>

The family stays the same for all tokens of a session, the secret changes with every use. So a token with the right
family and an old secret was once ours: somebody uses a copy, and the session is over. A token with a wrong family
proves nothing and ends nothing, or anyone who knows the two ids could sign others out.
"""

import base64
import hmac
import secrets
from binascii import Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from millrace.platform.ids import UserId, is_id

PREFIX = "mrt"
SECRET_BYTES = 32
MAX_CHARS = 256
_PARTS = 5
_SEAL = b"millrace refresh successor"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, in its parts; it never goes into a log."""

    user_id: UserId
    session_id: str
    family: bytes
    secret: bytes

    @classmethod
    def new(cls, user_id: UserId, session_id: str) -> Self:
        """Return the first token of a session."""
        return cls(user_id, session_id, secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a token; None for anything that has not its shape."""
        parts = text.split(".") if len(text) <= MAX_CHARS else []
        if len(parts) != _PARTS or parts[0] != PREFIX or not (is_id(parts[1]) and is_id(parts[2])):
            return None
        family, secret = _decoded(parts[3]), _decoded(parts[4])
        if family is None or secret is None:
            return None
        return cls(UserId(parts[1]), parts[2], family, secret)

    @property
    def text(self) -> str:
        """Return the token as its holder keeps it."""
        return ".".join((PREFIX, self.user_id, self.session_id, _encoded(self.family), _encoded(self.secret)))

    @property
    def family_hash(self) -> str:
        """Return what is stored of the family."""
        return sha256(self.family).hexdigest()

    @property
    def secret_hash(self) -> str:
        """Return what is stored of the secret. It is random, so that a plain hash is enough."""
        return sha256(self.secret).hexdigest()

    def successor(self) -> Self:
        """Return the token that takes this one's place."""
        return type(self)(self.user_id, self.session_id, self.family, secrets.token_bytes(SECRET_BYTES))

    def seal(self, successor: Self) -> bytes:
        """Close up the successor's secret so that whoever holds this token can have it again, and nobody else.

        A one-time pad: every secret seals one successor only.
        """
        return self._pad(successor.secret)

    def unseal(self, sealed: bytes) -> Self:
        """Return the successor that `seal` closed up."""
        return type(self)(self.user_id, self.session_id, self.family, self._pad(sealed))

    def _pad(self, value: bytes) -> bytes:
        pad = hmac.digest(self.secret, _SEAL, "sha256")
        return bytes(left ^ right for left, right in zip(pad, value, strict=True))


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes | None:
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (Error, ValueError):
        return None
    return value if len(value) == SECRET_BYTES else None
