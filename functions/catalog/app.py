"""Videos: made, described, published, replaced, deleted and played."""

from millrace.accounts.access import authenticate
from millrace.channels.errors import ChannelGone, MayNotPublish, NotYourChannel
from millrace.costs import usage
from millrace.costs.messages import EstimateInput, EstimateView, UsageQuery, UsageView
from millrace.platform.http import Access, Api, Caller, Cookie, Page, Reply, Visitor, expected_version
from millrace.platform.ids import VideoId
from millrace.platform.limits import per_account
from millrace.transcode import cancel, start
from millrace.videos import captioning, owning, playback, posters, service
from millrace.videos.caption_messages import CaptionInput, CaptionList
from millrace.videos.downloads import service as downloads
from millrace.videos.downloads.errors import DownloadNotAsked
from millrace.videos.downloads.messages import DownloadView, DownloadWish
from millrace.videos.errors import (
    ChangedMeanwhile,
    IsTakenDown,
    NotHere,
    NothingToCancel,
    NothingToRetry,
    NotPlayable,
    PosterMissing,
    PosterRejected,
    StillProcessing,
    UploadClosed,
    VideoGone,
)
from millrace.videos.messages import (
    FileInput,
    GrantedPlayback,
    OwnVideoList,
    PlaybackWish,
    Publication,
    UploadPage,
    VideoChanges,
    VideoDraft,
    VideoView,
)
from millrace.videos.model import Video
from millrace.videos.poster_messages import PosterChoice, PosterDraft, PosterUpload
from millrace.videos.processing import service as processing
from millrace.videos.upload_messages import NewVideo, UploadView

api = Api("catalog", authenticate)
handler = api.chalice

UPLOADING = per_account("upload", 30, 3600)


@api.route(
    "POST",
    "/api/videos",
    status=201,
    access=Access.SIGNED_IN,
    tag="videos",
    idempotent=True,
    limits=[UPLOADING],
    raises=[NotYourChannel, ChannelGone, MayNotPublish],
)
def create_video(body: VideoDraft, caller: Caller) -> NewVideo:
    """Make a video and open the upload of its file."""
    video = owning.create(caller.user_id, body)
    return NewVideo(video=VideoView.of(video, caller.user_id), upload=UploadView.of(video, service.open_upload(video)))


@api.route("GET", "/api/videos", access=Access.SIGNED_IN, tag="videos")
def list_videos(query: OwnVideoList, caller: Caller) -> Page[VideoView]:
    """List the caller's own videos, newest first."""
    return owning.page(caller.user_id, query)


@api.route("GET", "/api/videos/{video_id}", access=Access.OPTIONAL, tag="videos", raises=[VideoGone])
def get_video(video_id: VideoId, caller: Caller | None) -> Reply[VideoView]:
    """Show a video: its state, the progress of its processing, and where to play it."""
    return tagged(service.visible(video_id, caller), caller)


@api.route(
    "PATCH", "/api/videos/{video_id}", access=Access.SIGNED_IN, tag="videos", raises=[VideoGone, ChangedMeanwhile]
)
def change_video(video_id: VideoId, body: VideoChanges, caller: Caller, if_match: str | None) -> Reply[VideoView]:
    """Change what is said about a video, or who may watch it."""
    return tagged(service.edit(video_id, caller.user_id, body.apply, expected_version(if_match)), caller)


@api.route(
    "DELETE",
    "/api/videos/{video_id}",
    status=204,
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, ChangedMeanwhile],
)
def delete_video(video_id: VideoId, caller: Caller) -> None:
    """Delete a video and its media. It is gone for everybody at once; the bytes follow within minutes."""
    video = service.owned(video_id, caller.user_id)
    service.delete(video_id, caller.user_id)
    cancel.stop(video)


@api.route(
    "POST",
    "/api/videos/{video_id}/publish",
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, IsTakenDown, ChangedMeanwhile],
)
def publish_video(video_id: VideoId, body: Publication, caller: Caller) -> VideoView:
    """Publish a video now, or at a moment to come. One that is not ready yet is published when it is."""
    video = service.edit(
        video_id, caller.user_id, lambda video: service.publish(video, body.visibility, body.publish_at)
    )
    return VideoView.of(video, caller.user_id)


@api.route(
    "POST",
    "/api/videos/{video_id}/unpublish",
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, ChangedMeanwhile],
)
def unpublish_video(video_id: VideoId, caller: Caller) -> VideoView:
    """Make a video a draft again, which only its owner sees; a scheduled one stays unpublished."""
    return VideoView.of(service.edit(video_id, caller.user_id, service.unpublish), caller.user_id)


@api.route(
    "GET", "/api/videos/{video_id}/upload", access=Access.SIGNED_IN, tag="videos", raises=[VideoGone, UploadClosed]
)
def get_upload(video_id: VideoId, query: UploadPage, caller: Caller) -> UploadView:
    """Go on with an upload: fresh addresses, and which parts S3 has already."""
    video = service.owned(video_id, caller.user_id)
    return UploadView.of(video, service.open_upload(video, query.first_part))


@api.route(
    "POST",
    "/api/videos/{video_id}/replacement",
    status=201,
    access=Access.SIGNED_IN,
    tag="videos",
    idempotent=True,
    limits=[UPLOADING],
    raises=[VideoGone, StillProcessing, ChangedMeanwhile],
)
def replace_video(video_id: VideoId, body: FileInput, caller: Caller) -> NewVideo:
    """Open the upload of a new file. The video plays on with its old one until the new one is ready."""
    before = service.owned(video_id, caller.user_id)
    video = processing.replace(before, **dict(body))
    cancel.stop(before)
    return NewVideo(video=VideoView.of(video, caller.user_id), upload=UploadView.of(video, service.open_upload(video)))


@api.route(
    "DELETE",
    "/api/videos/{video_id}/replacement",
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, ChangedMeanwhile],
)
def cancel_replacement(video_id: VideoId, caller: Caller) -> VideoView:
    """Keep the old file after all."""
    before = service.owned(video_id, caller.user_id)
    video = processing.cancel_replacement(before)
    cancel.stop(before)
    return VideoView.of(video, caller.user_id)


@api.route(
    "POST",
    "/api/videos/{video_id}/cancel",
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, NothingToCancel],
)
def cancel_processing(video_id: VideoId, caller: Caller) -> VideoView:
    """Stop the processing of an upload. It fails with the code `cancelled`, and can be processed once more."""
    cancel.cancel(video_id, caller.user_id)
    return VideoView.of(service.owned(video_id, caller.user_id), caller.user_id)


@api.route(
    "POST",
    "/api/videos/{video_id}/retry",
    status=202,
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, NothingToRetry],
)
def retry_processing(video_id: VideoId, caller: Caller) -> VideoView:
    """Process a failed upload once more, from the file that has arrived."""
    start.retry(video_id, caller.user_id)
    return VideoView.of(service.owned(video_id, caller.user_id), caller.user_id)


@api.route(
    "POST",
    "/api/videos/{video_id}/playback",
    access=Access.OPTIONAL,
    tag="videos",
    cookies=True,
    raises=[VideoGone, NotPlayable, NotHere],
)
def play_video(
    video_id: VideoId, query: PlaybackWish, caller: Caller | None, visitor: Visitor
) -> Reply[GrantedPlayback]:
    """Get the addresses of a video and, where its media is not public, the cookies that open them."""
    video = service.visible(video_id, caller)
    viewing = playback.read_viewing(caller, visitor, query.embedded_by)
    granted = playback.playback(video, viewing, lifetime=query.lifetime, bind_address=query.bind_address)
    cookies = [
        Cookie(name, value, path=granted.cookie_path, max_age_s=query.lifetime_s, secure=granted.is_secure)
        for name, value in granted.cookies.items()
    ]
    return Reply(GrantedPlayback.granted(granted), cookies=cookies)


@api.route(
    "POST", "/api/videos/{video_id}/poster", status=201, access=Access.SIGNED_IN, tag="videos", raises=[VideoGone]
)
def upload_poster(video_id: VideoId, body: PosterDraft, caller: Caller) -> PosterUpload:
    """Get an address that takes one picture of exactly this type and size. Safe to repeat: each is its own."""
    video = service.owned(video_id, caller.user_id)
    return PosterUpload.of(posters.begin(video.video_id, body.content_type, body.size_bytes))


@api.route(
    "PUT",
    "/api/videos/{video_id}/poster",
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, PosterMissing, PosterRejected, ChangedMeanwhile],
)
def choose_poster(video_id: VideoId, body: PosterChoice, caller: Caller) -> Reply[VideoView]:
    """Show an uploaded picture as the poster, without what a camera wrote into it, or a picture of the film."""
    body.require_one()
    if body.candidate is not None:
        return tagged(service.choose_candidate(video_id, caller.user_id, body.candidate), caller)
    return tagged(service.choose_poster(video_id, caller.user_id, body.poster_id or ""), caller)


@api.route(
    "DELETE",
    "/api/videos/{video_id}/poster",
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, ChangedMeanwhile],
)
def drop_poster(video_id: VideoId, caller: Caller) -> Reply[VideoView]:
    """Show a picture of the film again."""
    return tagged(service.drop_poster(video_id, caller.user_id), caller)


@api.route("GET", "/api/videos/{video_id}/captions", access=Access.OPTIONAL, tag="videos", raises=[VideoGone])
def list_captions(video_id: VideoId, caller: Caller | None) -> CaptionList:
    """List a video's captions by language."""
    return CaptionList.of(service.visible(video_id, caller))


@api.route(
    "PUT",
    "/api/videos/{video_id}/captions/{language}",
    access=Access.SIGNED_IN,
    tag="videos",
    limits=[per_account("captions", 120, 3600)],
    raises=[VideoGone, ChangedMeanwhile],
)
def put_captions(video_id: VideoId, language: str, body: CaptionInput, caller: Caller) -> CaptionList:
    """Give a video captions in a language, from SRT or WebVTT; a fault is named by its line. Players have them soon."""
    return CaptionList.of(captioning.put(video_id, caller.user_id, language, **dict(body)))


@api.route(
    "DELETE",
    "/api/videos/{video_id}/captions/{language}",
    status=204,
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, ChangedMeanwhile],
)
def delete_captions(video_id: VideoId, language: str, caller: Caller) -> None:
    """Take the captions in a language away."""
    captioning.remove(video_id, caller.user_id, language)


@api.route(
    "POST",
    "/api/videos/{video_id}/download",
    status=202,
    access=Access.SIGNED_IN,
    tag="videos",
    limits=[per_account("download", 60, 3600)],
    raises=[VideoGone, NotPlayable],
)
def ask_for_download(video_id: VideoId, query: DownloadWish, caller: Caller) -> DownloadView:
    """Have a video of one's own made into one MP4 file; it is kept for a week. Safe to repeat."""
    return DownloadView.of(downloads.ask(video_id, caller.user_id, query.rendition))


@api.route(
    "GET",
    "/api/videos/{video_id}/download",
    access=Access.SIGNED_IN,
    tag="videos",
    raises=[VideoGone, NotPlayable, DownloadNotAsked],
)
def get_download(video_id: VideoId, query: DownloadWish, caller: Caller) -> DownloadView:
    """Ask how far the file is and, when it is ready, where to fetch it."""
    return DownloadView.of(downloads.look(video_id, caller.user_id, query.rendition))


def tagged(video: Video, caller: Caller | None) -> Reply[VideoView]:
    """Show a video with the tag that an edit may name."""
    return Reply(VideoView.of(video, caller.user_id if caller else None), etag=str(video.version))


@api.route("POST", "/api/estimates", access=Access.SIGNED_IN, tag="costs", limits=[per_account("estimate", 600, 3600)])
def estimate_film(body: EstimateInput, caller: Caller) -> EstimateView:
    """Tell what processing a film of these measures would cost on AWS. Changes nothing."""
    return usage.estimate_film(body)


@api.route("GET", "/api/me/usage", access=Access.SIGNED_IN, tag="costs")
def show_usage(query: UsageQuery, caller: Caller) -> UsageView:
    """Tell what the caller's films took to process in a month."""
    return usage.month(caller.user_id, query)
