"""Find videos: search, feeds, categories, channels and related videos."""

from millrace.accounts.access import authenticate
from millrace.channels.errors import ChannelGone
from millrace.discovery import service
from millrace.discovery.errors import NoSuchCategory
from millrace.discovery.messages import CategoryView, ListQuery, SearchQuery, VideoCard, page
from millrace.platform.http import Access, Api, Caller, Page
from millrace.platform.ids import VideoId
from millrace.videos.errors import VideoGone

api = Api("discover", authenticate)
handler = api.chalice


@api.route("GET", "/api/search", tag="discovery")
def search_videos(query: SearchQuery) -> Page[VideoCard]:
    """Find videos by words of their title, description, tags or channel, best first."""
    return page(service.search(query.q, query.cursor, query.limit))


@api.route("GET", "/api/feed/home", access=Access.OPTIONAL, tag="discovery")
def read_home_feed(query: ListQuery, caller: Caller | None) -> Page[VideoCard]:
    """Read a mixture of what is trending, what is new and, signed in, what followed channels published."""
    return page(service.home(caller.user_id if caller else None, query.cursor, query.limit))


@api.route("GET", "/api/feed/following", access=Access.SIGNED_IN, tag="discovery")
def read_following_feed(query: ListQuery, caller: Caller) -> Page[VideoCard]:
    """Read what the channels that the caller follows published, latest first."""
    return page(service.following(caller.user_id, query.cursor, query.limit))


@api.route("GET", "/api/feed/trending", tag="discovery")
def read_trending_feed(query: ListQuery) -> Page[VideoCard]:
    """Read what is watched most these days."""
    return page(service.trending(query.cursor, query.limit))


@api.route("GET", "/api/categories", tag="discovery")
def list_categories() -> Page[CategoryView]:
    """List all categories. There are few, so there is one page."""
    return Page[CategoryView](items=tuple(CategoryView.of(size) for size in service.categories()))


@api.route("GET", "/api/categories/{category}", tag="discovery", raises=[NoSuchCategory])
def list_category(category: str, query: ListQuery) -> Page[VideoCard]:
    """List a category's videos, latest first."""
    return page(service.by_category(category, query.cursor, query.limit))


@api.route("GET", "/api/channels/{channel_id}/videos", tag="discovery", raises=[ChannelGone])
def list_channel_videos(channel_id: str, query: ListQuery) -> Page[VideoCard]:
    """List a channel's videos, latest first; the channel by its id, or by an @ and its handle."""
    return page(service.by_channel(channel_id, query.cursor, query.limit))


@api.route("GET", "/api/videos/{video_id}/related", access=Access.OPTIONAL, tag="discovery", raises=[VideoGone])
def list_related_videos(video_id: VideoId, query: ListQuery, caller: Caller | None) -> Page[VideoCard]:
    """List what else somebody who watches this video may like."""
    return page(service.related(video_id, caller, query.cursor, query.limit))
