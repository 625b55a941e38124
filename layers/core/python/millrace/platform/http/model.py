"""The values that views take and return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

ModelT_co = TypeVar("ModelT_co", bound=BaseModel, covariant=True)
ItemT = TypeVar("ItemT")


class Access(Enum):
    """Who may call a route."""

    PUBLIC = "public"
    """Anyone; a token is not even looked at."""
    OPTIONAL = "optional"
    """Anyone; a token that is sent must be good, and then the view knows its caller."""
    SIGNED_IN = "signed_in"
    """Only a caller with a good token."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set; session-long without `max_age_s`."""

    name: str
    value: str
    path: str = "/"
    max_age_s: int | None = None
    http_only: bool = True
    secure: bool = True
    same_site: str = "Lax"


@dataclass(frozen=True, slots=True)
class Reply(Generic[ModelT_co]):
    """A model with headers or cookies beside it."""

    model: ModelT_co
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[Cookie] = ()
    etag: str | None = None
    """What tells this state of the thing from every other, for `If-Match`: its version, say. Without the quotes."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text that is sent as it is: no JSON of a model."""

    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Empty:
    """An answer without a body: 204, or a redirect (302) that has its `Location` among the headers."""

    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[Cookie] = ()


class Input(BaseModel):
    """Base of what clients send: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ForeignInput(BaseModel):
    """Base of what other people's programs send by a protocol that lets them add to it: unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Output(BaseModel):
    """Base of what clients get."""

    model_config = ConfigDict(frozen=True)


class Page(Output, Generic[ItemT]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: tuple[ItemT, ...]
    next_cursor: str | None = None
