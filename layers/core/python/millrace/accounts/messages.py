"""What clients of accounts send and get."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, ValidationInfo, field_validator

from millrace.accounts.model import (
    MAX_AVATAR_BYTES,
    MAX_DISPLAY_NAME_CHARS,
    MAX_EMAIL_CHARS,
    Account,
    Role,
    normal_display_name,
    normal_email,
)
from millrace.accounts.passwords import MAX_CHARS, MIN_CHARS, check_policy
from millrace.accounts.sessions.model import Session
from millrace.media.picture import PictureKind
from millrace.platform.http import Input, Output
from millrace.platform.ids import ID_PATTERN, UserId

EmailAddress = Annotated[
    str, AfterValidator(normal_email), Field(json_schema_extra={"format": "email", "maxLength": MAX_EMAIL_CHARS})
]
DisplayName = Annotated[
    str,
    AfterValidator(normal_display_name),
    Field(json_schema_extra={"minLength": 1, "maxLength": MAX_DISPLAY_NAME_CHARS}),
]
# Longer than any that was ever accepted, short enough to cost nothing.
MAX_ATTEMPT_CHARS = 1024


class Transport(StrEnum):
    """How the tokens of a session travel."""

    BEARER = "bearer"
    COOKIES = "cookies"


TRANSPORT = Field(
    default=Transport.BEARER,
    description="`cookies` sets the tokens as cookies that scripts cannot read, for the site's own pages only.",
)


class Registration(Input):
    """A wish for an account."""

    email: EmailAddress = Field(examples=["ada@example.org"])
    password: SecretStr = Field(
        examples=["mill wheel and river"], json_schema_extra={"minLength": MIN_CHARS, "maxLength": MAX_CHARS}
    )
    display_name: DisplayName | None = Field(default=None, examples=["Ada"])
    transport: Transport = TRANSPORT

    @field_validator("password")
    @classmethod
    def _is_hard_to_guess(cls, password: SecretStr, info: ValidationInfo) -> SecretStr:
        # The address is missing here where it was itself not acceptable.
        check_policy(password.get_secret_value(), info.data.get("email", ""))
        return password


class Credentials(Input):
    """An address and the password to prove it."""

    email: str = Field(max_length=MAX_ATTEMPT_CHARS, examples=["ada@example.org"])
    password: SecretStr = Field(max_length=MAX_ATTEMPT_CHARS, examples=["mill wheel and river"])
    transport: Transport = TRANSPORT


class Refresh(Input):
    """A refresh token to exchange; left out, the cookie is taken, and its successor set as a cookie again."""

    refresh_token: SecretStr | None = Field(default=None, max_length=MAX_ATTEMPT_CHARS)


class PasswordChange(Input):
    """A new password, and the present one as the proof that it is the owner who asks."""

    current_password: SecretStr = Field(max_length=MAX_ATTEMPT_CHARS, examples=["mill wheel and river"])
    new_password: SecretStr = Field(
        examples=["a lock between two rivers"], json_schema_extra={"minLength": MIN_CHARS, "maxLength": MAX_CHARS}
    )


class MailTokenUse(Input):
    """The token of a mail."""

    token: SecretStr = Field(max_length=MAX_ATTEMPT_CHARS, description="What follows `#token=` in the link.")


class ResetWish(Input):
    """The address whose password is forgotten."""

    email: EmailAddress = Field(examples=["ada@example.org"])


class Reset(Input):
    """The token of a mail, and the password to set."""

    token: SecretStr = Field(max_length=MAX_ATTEMPT_CHARS, description="What follows `#token=` in the link.")
    new_password: SecretStr = Field(
        examples=["a lock between two rivers"], json_schema_extra={"minLength": MIN_CHARS, "maxLength": MAX_CHARS}
    )


class SessionList(Input):
    """Which part of the list of sessions."""

    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, description="The `next_cursor` of the page before.")


class AvatarDraft(Input):
    """The picture that is about to be uploaded, as it is."""

    content_type: PictureKind
    size_bytes: int = Field(ge=1, le=MAX_AVATAR_BYTES, description="The exact size of the file.")


class AvatarChoice(Input):
    """The uploaded picture to show."""

    avatar_id: str = Field(pattern=f"^{ID_PATTERN}$")


class Deletion(Input):
    """The password, as the proof that it is the owner who goes; who has none must have signed in just now."""

    password: SecretStr | None = Field(default=None, max_length=MAX_ATTEMPT_CHARS, examples=["mill wheel and river"])


class Order(Input):
    """What an operator wants of an account: to see it, or to give it exactly these roles."""

    email: EmailAddress
    roles: tuple[Role, ...] | None = None


class ProfileChanges(Input):
    """What to change of one's own profile; what is left out stays."""

    display_name: DisplayName = Field(examples=["Ada Lovelace"])


class User(Output):
    """A person's own account."""

    user_id: UserId = Field(pattern=ID_PATTERN, examples=["01kc3v9m5t3q8x5f0h2j4n6p8r"])
    email: str = Field(examples=["ada@example.org"])
    email_verified: bool = Field(description="Whether a mail to the address was answered.")
    display_name: str = Field(examples=["Ada"])
    avatar_url: str | None = Field(description="The picture's address on this site.", examples=[None])
    roles: tuple[str, ...] = Field(examples=[["creator", "viewer"]])
    created_at: AwareDatetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """Show an account to its owner."""
        return cls(
            user_id=account.user_id,
            email=account.email,
            email_verified=account.is_verified,
            avatar_url=f"/{account.avatar_key}" if account.avatar_key else None,
            display_name=account.display_name,
            roles=tuple(sorted(account.roles)),
            created_at=account.created_at,
        )


class SignedIn(Output):
    """An account, a token that proves it for a while, and one that gets the next; null where cookies carry them."""

    user: User
    session_id: str = Field(pattern=ID_PATTERN)
    access_token: str | None = Field(examples=["eyJhbGciOiJFUzI1NiIs…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name (RFC 6750)
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[900])
    refresh_token: str | None = Field(description="Good for one use at POST /api/auth/refresh.")
    refresh_expires_in: int = Field(description="Seconds until the session lapses unused.", examples=[2592000])


class Accepted(Output):
    """It will be done; a mail follows where there is somebody to write to."""

    status: Literal["accepted"] = "accepted"


class SessionView(Output):
    """A session, as its owner sees it."""

    session_id: str = Field(pattern=ID_PATTERN)
    is_current: bool = Field(description="Whether this very request belongs to it.")
    address: str = Field(description="The address that it began from.", examples=["203.0.113.7"])
    user_agent: str = Field(description="The program, in its own words.")
    created_at: AwareDatetime
    used_at: AwareDatetime = Field(description="When its refresh token was last exchanged.")
    expires_at: AwareDatetime = Field(description="When it lapses unused.")

    @classmethod
    def of(cls, session: Session, current_id: str) -> Self:
        """Show a session to its owner."""
        return cls(
            session_id=session.session_id,
            is_current=session.session_id == current_id,
            address=session.device.address,
            user_agent=session.device.user_agent,
            created_at=session.created_at,
            used_at=session.used_at,
            expires_at=session.expires_at,
        )


class AvatarUpload(Output):
    """Put the file to `url` with exactly these headers, then publish `avatar_id`."""

    avatar_id: str = Field(pattern=ID_PATTERN)
    url: str
    headers: dict[str, str]
    expires_at: AwareDatetime


class Export(Output):
    """All that is kept of an account."""

    exported_at: AwareDatetime
    user: User
    has_password: bool
    identities: tuple[str, ...] = Field(description="Accounts elsewhere that open this one, each `provider|subject`.")
    sessions: tuple[SessionView, ...]
    elsewhere: tuple[str, ...] = Field(description="Where the rest of one's data is: videos, channels.")


class PublicJwk(Output):
    """A public key (RFC 7517) that proves access tokens."""

    kty: str = Field(examples=["EC"])
    crv: str = Field(examples=["P-256"])
    x: str
    y: str
    kid: str = Field(description="The key's thumbprint (RFC 7638).")
    use: Literal["sig"] = "sig"
    alg: Literal["ES256"] = "ES256"


class JwkSet(Output):
    """The public keys of access tokens."""

    keys: tuple[PublicJwk, ...]
