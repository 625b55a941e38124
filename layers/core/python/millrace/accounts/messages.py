"""What clients of accounts send and get."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, ValidationInfo, field_validator

from millrace.accounts.model import MAX_DISPLAY_NAME_CHARS, MAX_EMAIL_CHARS, Account, normal_display_name, normal_email
from millrace.accounts.passwords import MAX_CHARS, MIN_CHARS, check_policy
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


class Registration(Input):
    """A wish for an account."""

    email: EmailAddress = Field(examples=["ada@example.org"])
    password: SecretStr = Field(
        examples=["mill wheel and river"], json_schema_extra={"minLength": MIN_CHARS, "maxLength": MAX_CHARS}
    )
    display_name: DisplayName | None = Field(default=None, examples=["Ada"])

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


class ProfileChanges(Input):
    """What to change of one's own profile; what is left out stays."""

    display_name: DisplayName = Field(examples=["Ada Lovelace"])


class User(Output):
    """A person's own account."""

    user_id: UserId = Field(pattern=ID_PATTERN, examples=["01kc3v9m5t3q8x5f0h2j4n6p8r"])
    email: str = Field(examples=["ada@example.org"])
    display_name: str = Field(examples=["Ada"])
    roles: tuple[str, ...] = Field(examples=[["creator", "viewer"]])
    created_at: AwareDatetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """Show an account to its owner."""
        return cls(
            user_id=account.user_id,
            email=account.email,
            display_name=account.display_name,
            roles=tuple(sorted(account.roles)),
            created_at=account.created_at,
        )


class SignedIn(Output):
    """An account, and a token that proves it for a while."""

    user: User
    access_token: str = Field(examples=["eyJhbGciOiJFUzI1NiIs…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name (RFC 6750)
    expires_in: int = Field(description="Seconds until the token expires.", examples=[3600])


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
