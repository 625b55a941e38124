"""What clients of channels send and get."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, Field

from millrace.channels import model
from millrace.channels.banners import banner_url
from millrace.channels.model import Channel, StreamKey, checked_handle, checked_url
from millrace.media.picture import PictureKind
from millrace.platform.http import Input, Output
from millrace.platform.ids import ID_PATTERN, ChannelId, StreamKeyId, UserId, is_id
from millrace.platform.text import one_line, paragraphs

Handle = Annotated[
    str,
    AfterValidator(checked_handle),
    Field(
        description="Without the @. Case is kept and makes no difference. Some words are reserved.",
        examples=["ada.builds"],
        json_schema_extra={
            "minLength": model.MIN_HANDLE_CHARS,
            "maxLength": model.MAX_HANDLE_CHARS,
            "pattern": "^[A-Za-z0-9]([._-]?[A-Za-z0-9])*$",
        },
    ),
]
Name = Annotated[
    str,
    Field(max_length=model.MAX_NAME_CHARS, examples=["Ada builds mills"]),
    AfterValidator(one_line),
    Field(min_length=1),
]
Description = Annotated[
    str,
    Field(max_length=model.MAX_DESCRIPTION_CHARS, examples=["Wheels, sails and gears."]),
    AfterValidator(paragraphs),
]
Url = Annotated[
    str,
    AfterValidator(checked_url),
    Field(
        description="http or https, without credentials.",
        examples=["https://ada.example/mills"],
        json_schema_extra={"format": "uri", "maxLength": model.MAX_URL_CHARS},
    ),
]


def _is_id(text: str) -> str:
    if not is_id(text):
        raise ValueError("This is not an id")
    return text


class LinkDraft(Input):
    """A link that the channel shows."""

    label: Annotated[
        str,
        Field(max_length=model.MAX_LINK_LABEL_CHARS, examples=["My mills"]),
        AfterValidator(one_line),
        Field(min_length=1),
    ]
    url: Url


Links = Annotated[tuple[LinkDraft, ...], Field(max_length=model.MAX_LINKS)]


class ChannelDraft(Input):
    """A new channel."""

    handle: Handle
    name: Name
    description: Description = ""
    links: Links = ()


class ChannelChanges(Input):
    """What to change of a channel; what is left out stays. A former handle leads to the channel for 90 days."""

    handle: Handle | None = None
    name: Name | None = None
    description: Description | None = None
    links: Links | None = None


class LinkView(Output):
    """A link that the channel shows."""

    label: str
    url: str


class BannerView(Output):
    """The wide picture of a channel."""

    url: str = Field(examples=["/media/public/banners/01kc3v9m5t3q8x5f0h2j4n6p8r/01kc3v9m5t3q8x5f0h2j4n6p8s.jpg"])
    width_px: int
    height_px: int


class ChannelView(Output):
    """A channel as everybody sees it."""

    channel_id: ChannelId = Field(pattern=ID_PATTERN, examples=["01kc3v9m5t3q8x5f0h2j4n6p8r"])
    owner_id: UserId = Field(pattern=ID_PATTERN)
    handle: str = Field(examples=["ada.builds"])
    name: str
    description: str
    links: tuple[LinkView, ...]
    banner: BannerView | None
    follower_count: int = Field(ge=0)
    created_at: AwareDatetime

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """Show a channel."""
        return cls(**_shown(channel))


class FormerHandleView(Output):
    """A handle that the channel had, and until when it leads here and is kept from others."""

    handle: str
    kept_until: AwareDatetime


class OwnChannelView(ChannelView):
    """A channel as its owner sees it."""

    former_handles: tuple[FormerHandleView, ...]
    is_hidden: bool = Field(description="The account is suspended: nobody else sees the channel.")

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """Show a channel to its owner."""
        former = tuple(
            FormerHandleView(handle=handle.handle, kept_until=handle.kept_until) for handle in channel.former_handles
        )
        return cls(**_shown(channel), former_handles=former, is_hidden=channel.is_hidden)


class OwnChannels(Output):
    """All channels of an account, oldest first."""

    items: tuple[OwnChannelView, ...] = Field(max_length=model.MAX_CHANNELS_PER_ACCOUNT)


class FollowView(Output):
    """Whether the caller follows the channel, and how many do."""

    channel_id: ChannelId
    is_following: bool
    follower_count: int = Field(ge=0)


class FollowedView(Output):
    """A channel that the caller follows."""

    channel: ChannelView
    followed_at: AwareDatetime


class FollowList(Input):
    """Which page of what one follows."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None


class BannerDraft(Input):
    """The picture that is about to be uploaded, as it is."""

    content_type: PictureKind
    size_bytes: Annotated[int, Field(ge=1, le=model.MAX_BANNER_BYTES, description="The exact size of the file.")]


class BannerUpload(Output):
    """Put the file to `url` with exactly these headers, then publish `banner_id`."""

    banner_id: str = Field(pattern=ID_PATTERN)
    url: str
    headers: dict[str, str]
    expires_at: AwareDatetime


class BannerChoice(Input):
    """The uploaded picture that becomes the banner."""

    banner_id: Annotated[str, AfterValidator(_is_id), Field(json_schema_extra={"pattern": f"^{ID_PATTERN}$"})]


class StreamKeyDraft(Input):
    """A new stream key."""

    label: Annotated[
        str,
        Field(max_length=model.MAX_KEY_LABEL_CHARS, examples=["Studio computer"]),
        AfterValidator(one_line),
    ] = ""


class StreamKeyView(Output):
    """A stream key as a list shows it: its beginning only."""

    key_id: StreamKeyId = Field(pattern=ID_PATTERN)
    label: str
    prefix: str = Field(examples=["live_k3v9m5"])
    created_at: AwareDatetime

    @classmethod
    def of(cls, key: StreamKey) -> Self:
        """Show a stored key."""
        return cls(key_id=key.key_id, label=key.label, prefix=key.prefix, created_at=key.created_at)


class NewStreamKey(Output):
    """A new stream key. `stream_key` is shown now and never again."""

    key: StreamKeyView
    stream_key: str = Field(examples=["live_…"])


class StreamKeys(Output):
    """All stream keys of a channel, oldest first."""

    items: tuple[StreamKeyView, ...] = Field(max_length=model.MAX_STREAM_KEYS_PER_CHANNEL)


def _shown(channel: Channel) -> dict[str, Any]:
    banner = channel.banner
    return {
        "channel_id": channel.channel_id,
        "owner_id": channel.owner_id,
        "handle": channel.handle,
        "name": channel.name,
        "description": channel.description,
        "links": tuple(LinkView(label=link.label, url=link.url) for link in channel.links),
        "banner": BannerView(
            url=banner_url(channel.channel_id, banner), width_px=banner.width_px, height_px=banner.height_px
        )
        if banner
        else None,
        "follower_count": channel.follower_count,
        "created_at": channel.created_at,
    }
