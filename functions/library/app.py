"""What a viewer keeps: history, watch later, playlists."""

from millrace.accounts.access import authenticate
from millrace.library import service
from millrace.library.errors import PlaylistFull, PlaylistGone
from millrace.library.messages import (
    EntryView,
    LibraryList,
    Placement,
    PlaylistChanges,
    PlaylistDraft,
    PlaylistEntry,
    PlaylistView,
    Progress,
    own_playlists,
    playlist_page,
    shelf_page,
)
from millrace.library.model import PlaylistId, Shelf
from millrace.library.playlists import service as playlists
from millrace.platform.http import Access, Api, Caller, Page
from millrace.platform.ids import VideoId
from millrace.platform.limits import per_account
from millrace.videos.errors import VideoGone

api = Api("library", authenticate)
handler = api.chalice

HISTORY = "/api/me/history"
LATER = "/api/me/watch-later"
PLAYLIST = "/api/playlists/{playlist_id}"
SIGNED_IN = Access.SIGNED_IN


@api.route("GET", HISTORY, access=SIGNED_IN)
def list_history(query: LibraryList, caller: Caller) -> Page[EntryView]:
    """List what the caller watched, the latest first."""
    return shelf_page(caller, Shelf.HISTORY, query)


@api.route("PUT", HISTORY + "/{video_id}", status=204, access=SIGNED_IN, raises=[VideoGone])
def record_watching(video_id: VideoId, body: Progress, caller: Caller) -> None:
    """Note how far the caller has watched a video."""
    service.watched(caller, video_id, body.position_ms)


@api.route("DELETE", HISTORY + "/{video_id}", status=204, access=SIGNED_IN)
def forget_watching(video_id: VideoId, caller: Caller) -> None:
    """Take a video out of the history."""
    service.take_off(caller.user_id, Shelf.HISTORY, video_id)


@api.route("DELETE", HISTORY, status=204, access=SIGNED_IN)
def clear_history(caller: Caller) -> None:
    """Forget the whole history."""
    service.clear(caller.user_id, Shelf.HISTORY)


@api.route("GET", LATER, access=SIGNED_IN)
def list_watch_later(query: LibraryList, caller: Caller) -> Page[EntryView]:
    """List what the caller wants to watch later, the latest first."""
    return shelf_page(caller, Shelf.LATER, query)


@api.route("PUT", LATER + "/{video_id}", status=204, access=SIGNED_IN, raises=[VideoGone])
def keep_for_later(video_id: VideoId, caller: Caller) -> None:
    """Keep a video to watch it later."""
    service.keep_for_later(caller, video_id)


@api.route("DELETE", LATER + "/{video_id}", status=204, access=SIGNED_IN)
def drop_from_later(video_id: VideoId, caller: Caller) -> None:
    """Drop a video from what to watch later."""
    service.take_off(caller.user_id, Shelf.LATER, video_id)


@api.route(
    "POST",
    "/api/playlists",
    status=201,
    access=SIGNED_IN,
    idempotent=True,
    limits=[per_account("playlist", 30, 3600)],
)
def create_playlist(body: PlaylistDraft, caller: Caller) -> PlaylistView:
    """Make an empty playlist."""
    return PlaylistView.of(playlists.create(caller.user_id, **dict(body)))


@api.route("GET", "/api/playlists", access=SIGNED_IN)
def list_playlists(query: LibraryList, caller: Caller) -> Page[PlaylistView]:
    """List the caller's playlists, newest first."""
    return own_playlists(caller, query)


@api.route("GET", PLAYLIST, access=Access.OPTIONAL, raises=[PlaylistGone])
def get_playlist(playlist_id: PlaylistId, caller: Caller | None) -> PlaylistView:
    """Show a playlist."""
    return PlaylistView.of(playlists.visible(playlist_id, caller))


@api.route("PATCH", PLAYLIST, access=SIGNED_IN, raises=[PlaylistGone])
def change_playlist(playlist_id: PlaylistId, body: PlaylistChanges, caller: Caller) -> PlaylistView:
    """Change a playlist's title, description or visibility."""
    return PlaylistView.of(playlists.change(playlist_id, caller.user_id, body.apply))


@api.route("DELETE", PLAYLIST, status=204, access=SIGNED_IN, raises=[PlaylistGone])
def remove_playlist(playlist_id: PlaylistId, caller: Caller) -> None:
    """Remove a playlist; its videos stay."""
    playlists.remove(playlist_id, caller.user_id)


@api.route("GET", PLAYLIST + "/videos", access=Access.OPTIONAL, raises=[PlaylistGone])
def list_playlist_videos(playlist_id: PlaylistId, query: LibraryList, caller: Caller | None) -> Page[PlaylistEntry]:
    """List a playlist's videos in their order."""
    return playlist_page(playlists.visible(playlist_id, caller), caller, query)


@api.route("PUT", PLAYLIST + "/videos/{video_id}", access=SIGNED_IN, raises=[PlaylistGone, VideoGone, PlaylistFull])
def put_into_playlist(playlist_id: PlaylistId, video_id: VideoId, body: Placement, caller: Caller) -> PlaylistView:
    """Put a video into a playlist, or move it there."""
    return PlaylistView.of(playlists.put_video(playlist_id, caller, video_id, body.position))


@api.route("DELETE", PLAYLIST + "/videos/{video_id}", access=SIGNED_IN, raises=[PlaylistGone])
def take_from_playlist(playlist_id: PlaylistId, video_id: VideoId, caller: Caller) -> PlaylistView:
    """Take a video out of a playlist."""
    return PlaylistView.of(playlists.take_video(playlist_id, caller.user_id, video_id))
