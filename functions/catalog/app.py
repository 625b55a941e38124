"""Videos, from upload to playback."""

from millrace.accounts.access import authenticate
from millrace.platform.http import Access, Api, Caller, Cookie, Page, Reply
from millrace.platform.ids import VideoId
from millrace.videos import service
from millrace.videos.errors import NotPlayable, UploadClosed, VideoGone
from millrace.videos.messages import (
    NewVideo,
    PlaybackView,
    UploadPage,
    UploadView,
    VideoDraft,
    VideoList,
    VideoView,
    read_cursor,
    write_cursor,
)

api = Api("catalog", authenticate)
handler = api.chalice


@api.route("POST", "/api/videos", status=201, access=Access.SIGNED_IN, tag="videos")
def create_video(body: VideoDraft, caller: Caller) -> NewVideo:
    """Make a video and open the upload of its file."""
    video = service.create(caller.user_id, **dict(body))
    return NewVideo(video=VideoView.of(video), upload=UploadView.of(video, service.open_upload(video)))


@api.route("GET", "/api/videos", access=Access.SIGNED_IN, tag="videos")
def list_videos(query: VideoList, caller: Caller) -> Page[VideoView]:
    """List the caller's own videos, newest first."""
    page = service.owned_page(caller.user_id, query.limit, read_cursor(query.cursor))
    items = tuple(VideoView.of(video) for video in page.videos)
    return Page[VideoView](items=items, next_cursor=write_cursor(page.last))


@api.route("GET", "/api/videos/{video_id}", access=Access.OPTIONAL, tag="videos", raises=[VideoGone])
def get_video(video_id: VideoId, caller: Caller | None) -> VideoView:
    """Show a video: its state, the progress of its processing, and where to play it."""
    return VideoView.of(service.visible(video_id, caller.user_id if caller else None))


@api.route(
    "GET", "/api/videos/{video_id}/upload", access=Access.SIGNED_IN, tag="videos", raises=[VideoGone, UploadClosed]
)
def get_upload(video_id: VideoId, query: UploadPage, caller: Caller) -> UploadView:
    """Go on with an upload: fresh addresses, and which parts S3 has already."""
    video = service.owned(video_id, caller.user_id)
    return UploadView.of(video, service.open_upload(video, query.first_part))


@api.route(
    "POST",
    "/api/videos/{video_id}/playback",
    access=Access.OPTIONAL,
    tag="videos",
    cookies=True,
    raises=[VideoGone, NotPlayable],
)
def play_video(video_id: VideoId, caller: Caller | None) -> Reply[PlaybackView]:
    """Get the addresses of a video and, for a private one, the cookies that open them."""
    video = service.visible(video_id, caller.user_id if caller else None)
    playback = service.playback(video)
    secure = playback.hls_url.startswith("https:")
    lifetime_s = int(service.COOKIE_LIFETIME.total_seconds())
    cookies = [
        Cookie(name, value, path=playback.cookie_path, max_age_s=lifetime_s, secure=secure)
        for name, value in playback.cookies.items()
    ]
    return Reply(PlaybackView.of(playback), cookies=cookies)
