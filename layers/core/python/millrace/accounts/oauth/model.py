"""What a sign-in elsewhere is made of."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from millrace.platform.ids import UserId

# From the click to the provider's answer.
FLOW_LIFETIME = timedelta(minutes=10)
LINK_LIFETIME = timedelta(minutes=10)
LINK_ATTEMPTS = 5
SECRET_BYTES = 32
MAX_PATH_CHARS = 512
# A path on this site and nothing else: browsers read a backslash as a slash, and two of them as another host.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in on its way: what has to match when the provider sends the browser back."""

    provider_id: str
    browser_hash: str
    """Of the secret in the cookie of the browser that began it."""
    nonce: str
    code_verifier: str
    return_to: str
    expires_at: datetime
    user_id: UserId | None = None
    """Who was signed in and wants to link; None to sign in."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is elsewhere, as the provider proves."""

    provider_id: str
    subject: str
    email: str
    is_email_verified: bool
    name: str = ""

    @property
    def key(self) -> str:
        """Return the name under which it is kept. Provider ids have no bar."""
        return f"{self.provider_id}|{self.subject}"


@dataclass(frozen=True, slots=True)
class PendingLink:
    """An identity that may open an account as soon as the account's owner says so with the password."""

    identity_key: str
    provider_id: str
    email: str
    expires_at: datetime


def new_secret() -> str:
    """Return a secret that fits into addresses and cookies."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """Return what is stored of a random secret."""
    return sha256(secret.encode()).hexdigest()


def is_own_path(path: str) -> bool:
    """Tell whether the path leads to a page of this site."""
    return len(path) <= MAX_PATH_CHARS and _PATH.fullmatch(path) is not None
