"""Playback: where a video is played from, who may, and the cookies that open what is not public."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from millrace.media.package import CAPTIONS_FILE, MAIN_PLAYLIST, MANIFEST
from millrace.platform import events
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.events import EventsNotPublished, VideoViewed
from millrace.platform.http import Visitor
from millrace.platform.observability import logger
from millrace.platform.site import public_url
from millrace.videos import cookies, media_keys
from millrace.videos.caption import Caption
from millrace.videos.errors import NotHere, NotPlayable
from millrace.videos.model import Home, Pictures, PlaybackRules, Video, VideoState
from millrace.videos.places import PREVIEW, STORYBOARD, candidate_name, media_folder, place_of, poster_name

# One long evening; the player asks again before it ends.
COOKIE_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a video is played from, and the cookies that its media needs where it is not public."""

    hls_url: str
    dash_url: str
    poster_url: str | None
    """None while the rest of the film is encoded."""
    cookie_path: str
    cookies: Mapping[str, str]
    expires_at: datetime | None = None
    storyboard_url: str | None = None
    """Small pictures of the film by time, as WebVTT; None where they could not be drawn, or not yet."""
    preview_url: str | None = None
    """A short film without sound, for lists; None like the storyboard."""

    @property
    def is_secure(self) -> bool:
        """Whether the cookies may travel by HTTPS only."""
        return self.hls_url.startswith("https:")


@dataclass(frozen=True, slots=True)
class Viewing:
    """Who asks to watch, from where, on whose page."""

    caller: Caller | None
    address: str
    user_agent: str
    country: str | None
    page_origin: str | None
    """The site whose page embeds the player; None for our own, and for programs."""


def read_viewing(caller: Caller | None, visitor: Visitor, embedded_by: str | None) -> Viewing:
    """Read what a request tells; `embedded_by` is what our own embed page saw."""
    origin = visitor.headers.get("origin")
    foreign = origin if origin and origin not in {public_url(), "null"} else None
    return Viewing(caller, visitor.address, visitor.user_agent, visitor.country, foreign or embedded_by)


def addresses(video: Video) -> Playback:
    """Return where the video is played from, without the cookies; raises NotPlayable."""
    if not video.is_playable:
        raise NotPlayable(video.video_id)
    folder = _folder(video)
    cookie_path = f"/{media_folder(Home.PRIVATE, video.video_id)}"
    # The poster is made beside the chunks, and may not be there before the end.
    poster = poster_url(video) if video.state is VideoState.READY else None
    drawn = video.pictures or Pictures()
    return Playback(
        folder + MAIN_PLAYLIST,
        folder + MANIFEST,
        poster,
        cookie_path,
        {},
        storyboard_url=folder + STORYBOARD if drawn.has_storyboard else None,
        preview_url=folder + PREVIEW if drawn.has_preview else None,
    )


def caption_url(video: Video, caption: Caption) -> str | None:
    """Return the address of a ready video's captions as one file."""
    return f"{_folder(video)}{caption.folder}/{CAPTIONS_FILE}" if video.state is VideoState.READY else None


def candidate_urls(video: Video) -> tuple[str, ...]:
    """Return the addresses of the pictures that could be the poster; none before they are drawn."""
    count = video.pictures.candidate_count if video.pictures else 0
    return tuple(_folder(video) + candidate_name(number) for number in range(1, count + 1))


def poster_url(video: Video) -> str:
    """Return the address of a ready video's poster."""
    return _folder(video) + poster_name(video.poster)


def _folder(video: Video) -> str:
    return f"{public_url()}/{place_of(video).media_prefix(video.home)}"


def playback(video: Video, viewing: Viewing, *, lifetime: timedelta, bind_address: bool) -> Playback:
    """Return the addresses, with fresh cookies where the media is not public; raises NotPlayable or NotHere.

    The owner is bound by no rules. A view of anybody else is announced.
    """
    found = addresses(video)
    is_owner = viewing.caller is not None and viewing.caller.user_id == video.owner_id
    if not is_owner:
        _check(video, viewing)
        _announce(video, viewing)
    if video.home is Home.PUBLIC:
        return found
    expires_at = now() + min(lifetime, COOKIE_LIFETIME)
    # All versions of this one video: a replacement must not stop who is watching.
    resource = f"{public_url()}/{media_folder(Home.PRIVATE, video.video_id)}*"
    signed = cookies.signed_cookies(resource, expires_at, viewing.address if bind_address else None)
    return replace(found, cookies=signed, expires_at=expires_at)


def _check(video: Video, viewing: Viewing) -> None:
    """Raise NotHere where the owner's rules do not let this viewer watch; an unknown country is none of the allowed."""
    rules: PlaybackRules = video.details.rules
    country, origin = viewing.country, viewing.page_origin
    if rules.allowed_countries is not None and country not in rules.allowed_countries:
        raise NotHere(video.video_id, "This video cannot be watched in your country.")
    if rules.blocked_countries and (country is None or country in rules.blocked_countries):
        raise NotHere(video.video_id, "This video cannot be watched in your country.")
    if rules.embed_origins is not None and origin is not None and origin not in rules.embed_origins:
        raise NotHere(video.video_id, "This video cannot be watched on this site's pages.")


def _announce(video: Video, viewing: Viewing) -> None:
    """Tell the bus of a view. Nobody's evening is spoilt when it does not listen."""
    who = viewing.caller.user_id if viewing.caller else f"{viewing.address} {viewing.user_agent}"
    viewer = media_keys.pseudonym(f"{now().date()} {who}")
    about = VideoViewed(video_id=video.video_id, owner_id=video.owner_id, channel_id=video.channel_id, viewer=viewer)
    try:
        events.publish(about)
    except EventsNotPublished:
        logger().warning("view not announced", video_id=video.video_id)
