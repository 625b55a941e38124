"""Playlists of live streams, for players. Held requests wait here for the stream."""

from millrace.live.errors import BadDirective, LiveUnavailable, NotStarted, StreamGone
from millrace.live.playlists import service
from millrace.live.playlists.messages import Directives, home_of
from millrace.live.playlists.service import Text
from millrace.platform.http import Api, Document, Visitor
from millrace.platform.ids import LiveSessionId
from millrace.platform.site import public_url

api = Api("live_playlist")
handler = api.chalice

HLS = "application/vnd.apple.mpegurl"
DASH = "application/dash+xml"
FAILURES = (StreamGone, NotStarted, LiveUnavailable)


@api.route("GET", "/live/{home}/{session_id}/main.m3u8", tag="live playlists", media_type=HLS, raises=FAILURES)
def main_playlist(home: str, session_id: LiveSessionId, visitor: Visitor) -> Document:
    """Offer a stream's renditions with low latency."""
    return document(service.multivariant(home_of(home, visitor), session_id, "media.m3u8"))


@api.route("GET", "/live/{home}/{session_id}/plain.m3u8", tag="live playlists", media_type=HLS, raises=FAILURES)
def plain_playlist(home: str, session_id: LiveSessionId, visitor: Visitor) -> Document:
    """Offer a stream's renditions to players that know nothing of low latency."""
    return document(service.multivariant(home_of(home, visitor), session_id, "plain.m3u8"))


@api.route("GET", "/live/{home}/{session_id}/manifest.mpd", tag="live playlists", media_type=DASH, raises=FAILURES)
def dash_manifest(home: str, session_id: LiveSessionId, visitor: Visitor) -> Document:
    """Offer a stream by DASH."""
    return document(service.dash_manifest(home_of(home, visitor), session_id, f"{public_url()}/api/live/clock"))


@api.route(
    "GET",
    "/live/{home}/{session_id}/{track}/media.m3u8",
    tag="live playlists",
    media_type=HLS,
    raises=[StreamGone, BadDirective, LiveUnavailable],
)
def media_playlist(home: str, session_id: LiveSessionId, track: str, query: Directives, visitor: Visitor) -> Document:
    """List a rendition from the stream's beginning to its newest part, held until it has the part asked for."""
    return document(service.low_latency(home_of(home, visitor), session_id, track, query.directive()))


@api.route("GET", "/live/{home}/{session_id}/{track}/plain.m3u8", tag="live playlists", media_type=HLS, raises=FAILURES)
def plain_media_playlist(home: str, session_id: LiveSessionId, track: str, visitor: Visitor) -> Document:
    """List the last minute of a rendition in whole segments."""
    return document(service.plain(home_of(home, visitor), session_id, track))


@api.route(
    "GET", "/live/{home}/{session_id}/{track}/iframes.m3u8", tag="live playlists", media_type=HLS, raises=FAILURES
)
def key_frame_playlist(home: str, session_id: LiveSessionId, track: str, visitor: Visitor) -> Document:
    """List the key frames of a rendition, for seeking with pictures."""
    return document(service.key_frames(home_of(home, visitor), session_id, track))


def document(text: Text) -> Document:
    """Answer with a playlist that caches may keep for a moment."""
    return Document(text.body, {"Cache-Control": f"public, max-age={text.max_age_s}"})
