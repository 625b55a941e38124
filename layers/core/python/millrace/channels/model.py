"""What a channel is."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from pydantic import HttpUrl, TypeAdapter, ValidationError

from millrace.media.picture import PictureKind
from millrace.platform.ids import ChannelId, StreamKeyId, UserId

MIN_HANDLE_CHARS = 3
MAX_HANDLE_CHARS = 30
MAX_NAME_CHARS = 80
MAX_DESCRIPTION_CHARS = 2000
MAX_LINKS = 10
MAX_LINK_LABEL_CHARS = 40
MAX_URL_CHARS = 500
MAX_CHANNELS_PER_ACCOUNT = 10
MAX_STREAM_KEYS_PER_CHANNEL = 10
MAX_KEY_LABEL_CHARS = 60

# Long enough for links in old posts to be mended, and for nobody to profit from another's name.
FORMER_HANDLE_KEPT = timedelta(days=90)
# Each rename keeps one more handle from everybody else.
MAX_FORMER_HANDLES = 3

MAX_BANNER_BYTES = 4 * 1024 * 1024
MIN_BANNER_WIDTH_PX, MIN_BANNER_HEIGHT_PX = 640, 100
MAX_BANNER_SIDE_PX = 6000

# ASCII only: letters of other scripts would let one handle look like another.
_HANDLE = re.compile(r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*", re.ASCII)
_SEPARATORS = str.maketrans("", "", "._-")
# A 1 is read as an i or as an l.
_LOOKALIKES = (str.maketrans("013457", "oieast"), str.maketrans("013457", "oleast"))
_URL = TypeAdapter(HttpUrl)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that a channel shows."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Banner:
    """The wide picture of a channel."""

    banner_id: str
    kind: PictureKind
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class FormerHandle:
    """A handle that still leads to the channel, and until when nobody else may have it."""

    handle: str
    kept_until: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """What an account publishes under."""

    channel_id: ChannelId
    owner_id: UserId
    handle: str
    name: str
    description: str
    links: tuple[Link, ...]
    banner: Banner | None
    follower_count: int
    former_handles: tuple[FormerHandle, ...]
    is_hidden: bool
    """Its owner is suspended: nobody sees it, and nobody streams to it."""
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Follow:
    """Somebody follows a channel."""

    user_id: UserId
    channel_id: ChannelId
    followed_at: datetime


@dataclass(frozen=True, slots=True)
class StreamKey:
    """A stream key as it is known after it was shown: never the key itself."""

    key_id: StreamKeyId
    channel_id: ChannelId
    label: str
    prefix: str
    key_hash: str
    created_at: datetime


def checked_handle(text: str) -> str:
    """Return the handle as its owner spells it; raises ValueError."""
    if not MIN_HANDLE_CHARS <= len(text) <= MAX_HANDLE_CHARS:
        raise ValueError(f"A handle has {MIN_HANDLE_CHARS} to {MAX_HANDLE_CHARS} characters")
    if not _HANDLE.fullmatch(text):
        raise ValueError("A handle has letters a to z, digits, and single points, hyphens or underscores between them")
    if is_reserved(text):
        raise ValueError("This handle is reserved")
    return text


def folded_handle(text: str) -> str:
    """Return the one spelling under which a handle is stored and found."""
    return text.lower()


def is_reserved(handle: str) -> bool:
    """Tell whether the handle would pass for the platform itself, also with separators or digits for letters."""
    bare = folded_handle(handle).translate(_SEPARATORS)
    return bool({bare, *(bare.translate(reading) for reading in _LOOKALIKES)} & _reserved())


@cache
def _reserved() -> frozenset[str]:
    words = files(__package__).joinpath("reserved_handles.txt").read_text(encoding="utf-8").split()
    return frozenset(words)


def handle_from_name(name: str, suffix: str = "") -> str:
    """Propose a handle for a name; what is not ASCII is left out. The suffix keeps two people of one name apart."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain)) or "channel"
    tail = f"-{suffix}" if suffix else ""
    proposal = words[: MAX_HANDLE_CHARS - len(tail)].strip("-") + tail
    return proposal if len(proposal) >= MIN_HANDLE_CHARS else f"channel-{proposal}"


def checked_url(text: str) -> str:
    """Return the address in its normal form; only http and https, without credentials; raises ValueError.

    A browser drops tabs and line ends inside an address, so they could hide a scheme: they are refused first.
    """
    if len(text) > MAX_URL_CHARS:
        raise ValueError(f"An address may have {MAX_URL_CHARS} characters at most")
    if not text.isprintable() or any(character.isspace() for character in text) or "\\" in text:
        raise ValueError("An address has no spaces or characters that do not show")
    try:
        url = _URL.validate_python(text)
    except ValidationError as error:
        raise ValueError("A link begins with http:// or https://") from error
    # What stands before an @ looks like the site that the link leads to.
    if url.username is not None or url.password is not None:
        raise ValueError("An address cannot have a user name or a password")
    if "." not in (url.host or "").strip("."):
        raise ValueError("This address does not lead to a public site")
    normal = str(url)
    if len(normal) > MAX_URL_CHARS:
        raise ValueError(f"An address may have {MAX_URL_CHARS} characters at most")
    return normal
