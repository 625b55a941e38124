"""What an account is."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from millrace.platform.ids import UserId

MAX_EMAIL_CHARS = 254
MAX_LOCAL_PART_CHARS = 64
MAX_DISPLAY_NAME_CHARS = 80

MAX_AVATAR_BYTES = 2 * 1024 * 1024
MIN_AVATAR_SIDE_PX = 64
MAX_AVATAR_SIDE_PX = 4096

# One @, and a domain of two labels or more. Whether the address exists only a message to it can tell.
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")


class Role(StrEnum):
    """What a person may do."""

    VIEWER = "viewer"
    CREATOR = "creator"
    MODERATOR = "moderator"
    ADMIN = "admin"


# Everyone may publish: this is a platform of one's own, and an operator may take the role away.
FIRST_ROLES = frozenset({Role.VIEWER, Role.CREATOR})


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why somebody may not sign in for now, in words that they read."""

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """One person, as the rest of the platform may know them."""

    user_id: UserId
    email: str
    display_name: str
    roles: frozenset[Role]
    created_at: datetime
    is_verified: bool = False
    """A mail to the address was answered, or a provider vouches for it."""
    suspension: Suspension | None = None
    avatar_key: str = ""
    """Of the picture in the media bucket."""
    identities: frozenset[str] = frozenset()
    """Accounts elsewhere that open this one, each as `provider|subject`."""
    epoch: int = 0
    """Counts how often everything that was signed in ended at once."""
    version: int = 1
    """Counts its changes."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What signing in by email needs: kept apart from the account, so that nothing else reads it."""

    email: str
    user_id: UserId
    password_hash: str
    """Empty for who signs in elsewhere only."""
    epoch: int = 0
    """The account's. It changes with the password, so that a sign-in on the way at that moment does not hold."""


class Purpose(StrEnum):
    """What a token in a mail allows."""

    VERIFY = "verify"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class MailToken:
    """What is kept of a token that a mail carries; the token itself is nowhere but there."""

    user_id: UserId
    purpose: Purpose
    email: str
    epoch: int
    expires_at: datetime


def normal_email(text: str) -> str:
    """Return the one spelling under which an address is stored and looked up; raises ValueError."""
    email = unicodedata.normalize("NFC", folded(text.strip()))
    if len(email) > MAX_EMAIL_CHARS:
        raise ValueError(f"An email address has {MAX_EMAIL_CHARS} characters at most")
    if not _EMAIL.fullmatch(email) or not email.isprintable() or email.index("@") > MAX_LOCAL_PART_CHARS:
        raise ValueError("This is not an email address")
    return email


def normal_display_name(text: str) -> str:
    """Return the name as it is shown; raises ValueError."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= MAX_DISPLAY_NAME_CHARS:
        raise ValueError(f"A name has 1 to {MAX_DISPLAY_NAME_CHARS} characters")
    # Control and direction characters would let one name pass for another, or spoil the line it stands in.
    # The two joiners are letters' business in Persian and Hindi, and make one emoji of several.
    visible = name.replace("\u200c", "").replace("\u200d", "")
    if not visible or not visible.isprintable():
        raise ValueError("A name cannot have characters that do not show")
    return name


def name_from_email(email: str) -> str:
    """Return the name of someone who gave none: the part before the @."""
    return email.partition("@")[0][:MAX_DISPLAY_NAME_CHARS]


def folded(text: str) -> str:
    """Return the text without distinction of case or of composed characters (Unicode 3.13, D145)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
