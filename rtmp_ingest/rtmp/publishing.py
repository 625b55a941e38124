"""What the server and whoever takes the media say to each other."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from millrace.media.flv import FlvTag

__all__ = ["Client", "Ending", "EndingKind", "OnPublish", "PublishAsked", "Publisher", "Refusal", "Sink"]


class EndingKind(Enum):
    """Why a publish ended."""

    # The streamer pressed "stop".
    UNPUBLISHED = "unpublished"
    # The network or the encoder went away without a word.
    LOST = "lost"
    # It broke the protocol or a limit.
    MALFORMED = "malformed"
    # Whoever takes the media asked for it, see `Publisher.disconnect`.
    DISMISSED = "dismissed"
    # The server stops.
    DRAINED = "drained"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a publish ended, in a word and in words for the log."""

    kind: EndingKind
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refuse a publish; encoders show the code or the description. OBS knows this code, and BadName it does not."""

    description: str
    code: str = "NetStream.Publish.Denied"


@dataclass(frozen=True, slots=True)
class Client:
    """Who publishes: the address, and the program as it calls itself ("FMLE/3.0 (compatible; obs-studio/…")."""

    address: str
    port: int
    encoder: str
    is_encrypted: bool


class Publisher(Protocol):
    """A publish as whoever takes the media sees it; its text never shows the key."""

    @property
    def app(self) -> str:
        """Return the part of the address before the key."""

    @property
    def key(self) -> str:
        """Return the stream key: a secret."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return what stood behind the key as `?name=value`."""

    @property
    def client(self) -> Client:
        """Return who publishes."""

    @property
    def received_bytes(self) -> int:
        """Return how much the connection received so far."""

    def disconnect(self, reason: str) -> None:
        """Tell the publisher why, then end the connection; the sink is closed with `DISMISSED`."""


class Sink(Protocol):
    """Whoever takes the media of one publish. Nothing is read from the publisher while `write` waits."""

    async def write(self, tag: FlvTag) -> None:
        """Take a tag, timestamps as the encoder sent them (see `clock`); waiting slows the publisher down."""

    async def close(self, ending: Ending) -> None:
        """Learn that nothing more comes; called once for every sink."""


# Called before the first byte of media is accepted. An exception refuses the publish.
OnPublish = Callable[[Publisher], Awaitable[Sink | Refusal]]


@dataclass(frozen=True, slots=True)
class PublishAsked:
    """What a publisher asks for."""

    app: str
    key: str = field(repr=False)
    parameters: Mapping[str, str] = field(repr=False)
    encoder: str
