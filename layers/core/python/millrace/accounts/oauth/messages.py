"""What clients send and get when they sign in with an account elsewhere."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from millrace.accounts.messages import MAX_ATTEMPT_CHARS
from millrace.accounts.oauth.model import MAX_PATH_CHARS, is_own_path
from millrace.platform.http import ForeignInput, Input, Output


def _own_path(path: str) -> str:
    if not is_own_path(path):
        raise ValueError("This is not a path of this site")
    return path


OwnPath = Annotated[str, AfterValidator(_own_path), Field(json_schema_extra={"maxLength": MAX_PATH_CHARS})]


class Start(Input):
    """Where to be afterwards, and whether to link the account elsewhere with the one that is signed in."""

    return_to: OwnPath = Field(default="/", examples=["/watch/01kc3v9m5t3q8x5f0h2j4n6p8r"])
    link: bool = False


class Started(Output):
    """Where the browser has to go to sign in."""

    authorization_url: str


class Answer(ForeignInput):
    """What the provider sends the browser back with (RFC 6749 4.1.2, RFC 9207)."""

    code: str | None = Field(default=None, max_length=4096)
    state: str | None = Field(default=None, max_length=256)
    iss: str | None = Field(default=None, max_length=1024)
    error: str | None = Field(default=None, max_length=256)


class ProviderView(Output):
    """A provider that one can sign in with."""

    provider: str = Field(examples=["google"])
    label: str = Field(examples=["Google"])


class Providers(Output):
    """The providers that one can sign in with."""

    providers: tuple[ProviderView, ...]


class LinkView(Output):
    """An account elsewhere that waits for the consent of an account here: its password."""

    provider: str = Field(examples=["google"])
    email: str = Field(description="The address of the account here.", examples=["ada@example.org"])


class LinkConsent(Input):
    """The password of the account here, as its owner's consent."""

    password: SecretStr = Field(max_length=MAX_ATTEMPT_CHARS, examples=["mill wheel and river"])


class LinkedIdentity(Output):
    """An account elsewhere that opens one's own."""

    provider: str = Field(examples=["google"])


class Identities(Output):
    """The ways into one's account."""

    has_password: bool
    identities: tuple[LinkedIdentity, ...]
