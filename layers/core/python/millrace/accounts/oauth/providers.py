"""Which providers the operator has set up; the settings with their secrets are one JSON list in Secrets Manager."""

import time
from collections.abc import Mapping
from typing import Literal, Self
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from millrace.accounts.oauth.errors import NoSuchProvider, ProvidersUnavailable
from millrace.platform import clients, settings
from millrace.platform.observability import logger

# Changed settings hold in every container after this time.
REREAD_AFTER_S = 300
# One that is not known may just have been set up.
REREAD_FOR_UNKNOWN_AFTER_S = 1
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
GITHUB = {
    "label": "GitHub",
    "kind": "github",
    "scope": "read:user user:email",
    "authorization_endpoint": "https://github.com/login/oauth/authorize",
    "token_endpoint": "https://github.com/login/oauth/access_token",
    "api_url": "https://api.github.com",
}
GOOGLE = {"label": "Google", "issuer": "https://accounts.google.com"}
PRESETS: Mapping[str, Mapping[str, str]] = {"google": GOOGLE, "github": GITHUB}


class Provider(BaseModel):
    """One provider, as its settings describe it; `preset` fills in what is the same for everybody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    label: str = Field(min_length=1, max_length=40)
    kind: Literal["openid", "github"] = "openid"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    scope: str = "openid email profile"
    issuer: str = ""
    """What ID tokens and the discovery document must name, character by character."""
    discovery_url: str = ""
    """Where the discovery document is, if not below the issuer."""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    api_url: str = ""
    trusts_email: bool = False
    """The provider proves addresses but does not say so: a company's own, say."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        given = {name: value for name, value in values.items() if name != "preset"}
        preset = values.get("preset", "")
        if preset and preset not in PRESETS:
            raise ValueError(f"there is no preset {preset}")
        return {**PRESETS.get(preset, {}), **({"id": preset} if preset else {}), **given}

    @model_validator(mode="after")
    def _has_its_addresses(self) -> Self:
        needed = (
            (self.issuer,)
            if self.kind == "openid"
            else (self.authorization_endpoint, self.token_endpoint, self.api_url)
        )
        given = (self.issuer, self.discovery_url, self.authorization_endpoint, self.token_endpoint, self.api_url)
        if not all(needed) or not all(is_safe(url) for url in given if url):
            raise ValueError("a provider needs https addresses")
        return self

    @property
    def where_discovered(self) -> str:
        """Return the address of the discovery document (OpenID Connect Discovery 4)."""
        return self.discovery_url or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


def is_safe(url: str) -> bool:
    """Tell whether secrets may be sent there: by HTTPS, or to this very machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


_PROVIDERS = TypeAdapter(tuple[Provider, ...])
_kept: dict[str, tuple[float, tuple[Provider, ...]]] = {}


def all_providers(max_age_s: float = REREAD_AFTER_S) -> tuple[Provider, ...]:
    """Return what is set up; raises ProvidersUnavailable."""
    name = settings.require("OAUTH_PROVIDERS_SECRET")
    read_at_s, found = _kept.get(name, (float("-inf"), ()))
    if time.monotonic() - read_at_s < max_age_s:
        return found
    try:
        found = _PROVIDERS.validate_json(clients.secrets().get_secret_value(SecretId=name)["SecretString"])
    except (BotoCoreError, ClientError) as error:
        raise ProvidersUnavailable from error
    except ValidationError as error:
        # The settings hold secrets: only where they are wrong may be told.
        where = [".".join(map(str, item["loc"])) for item in error.errors(include_input=False)]
        logger().error("settings of providers are not right", where=where)
        raise ProvidersUnavailable from None
    _kept[name] = time.monotonic(), found
    return found


def provider(provider_id: str) -> Provider:
    """Return one provider; raises NoSuchProvider or ProvidersUnavailable."""
    for max_age_s in (REREAD_AFTER_S, REREAD_FOR_UNKNOWN_AFTER_S):
        for found in all_providers(max_age_s):
            if found.id == provider_id:
                return found
    raise NoSuchProvider


def forget() -> None:
    """Drop what was read, as a cold start does."""
    _kept.clear()
