"""What the API takes and gives about lists of videos."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from millrace.discovery.cursors import MAX_CHARS
from millrace.discovery.service import CategorySize, Found
from millrace.discovery.showing import Card
from millrace.platform.http import Input, Output, Page
from millrace.platform.ids import ChannelId, UserId, VideoId
from millrace.videos.model import Category
from millrace.videos.playback import addresses, poster_url

MAX_QUERY_CHARS = 200


class ListQuery(Input):
    """Which page of a list. A page may be shorter than asked for; only a null cursor is the end."""

    limit: Annotated[int, Field(ge=1, le=50)] = 20
    cursor: Annotated[str, Field(max_length=MAX_CHARS)] | None = None


class SearchQuery(ListQuery):
    """What to look for."""

    q: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_QUERY_CHARS,
            description="Words of the title, description, tags or channel. The last may be unfinished, and small "
            "slips are forgiven.",
            examples=["mountain biking"],
        ),
    ]


class ChannelCard(Output):
    """A channel beside its video."""

    channel_id: ChannelId
    handle: str
    name: str


class VideoCard(Output):
    """A video in a list. Texts are plain, never HTML."""

    video_id: VideoId
    owner_id: UserId
    channel: ChannelCard | None
    title: str
    tags: tuple[str, ...]
    category: Category | None
    language: str | None
    age_restricted: bool
    duration_ms: int | None
    poster_url: str
    preview_url: str | None
    published_at: AwareDatetime

    @classmethod
    def of(cls, card: Card) -> Self:
        """Show a listed video."""
        video, channel = card.video, card.channel
        details = video.details
        shown = (
            ChannelCard(channel_id=channel.channel_id, handle=channel.handle, name=channel.name) if channel else None
        )
        return cls(
            video_id=video.video_id,
            owner_id=video.owner_id,
            channel=shown,
            title=details.title,
            tags=details.tags,
            category=details.category,
            language=details.language,
            age_restricted=details.age_restricted,
            duration_ms=video.film.duration_ms if video.film else None,
            poster_url=poster_url(video),
            preview_url=addresses(video).preview_url,
            published_at=video.published_at or video.created_at,
        )


def page(found: Found) -> Page[VideoCard]:
    """Show a page of any list."""
    return Page[VideoCard](items=tuple(VideoCard.of(card) for card in found.cards), next_cursor=found.next_cursor)


class CategoryView(Output):
    """A category, and about how many videos it has."""

    category: Category
    video_count: int

    @classmethod
    def of(cls, size: CategorySize) -> Self:
        """Show a category."""
        return cls(category=size.category, video_count=size.video_count)
