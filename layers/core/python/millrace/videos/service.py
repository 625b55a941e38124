"""Use cases of videos: one public function a verb. Uploads and processing have their own in `processing`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from millrace.platform import events
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.errors import Invalid, Stale
from millrace.platform.events import VideoTakenDown
from millrace.platform.ids import ChannelId, UploadId, UserId, VideoId, new_id
from millrace.videos import posters, store, uploads
from millrace.videos.errors import ChangedMeanwhile, IsTakenDown, UploadClosed, VideoGone
from millrace.videos.model import Audience, Details, Home, TakenDown, Video, VideoState, Visibility
from millrace.videos.places import UploadPlace, place_of
from millrace.videos.settling.start import start as settle

# A workflow waits for the hour, and none lives longer than a year.
MAX_SCHEDULE = timedelta(days=300)
# How often to look again when somebody else changes the record at the same moment.
TRIES = 5
MODERATORS = frozenset({"moderator", "admin"})


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is about to be uploaded."""

    filename: str
    size_bytes: int
    content_type: str


def create(
    owner_id: UserId,
    channel_id: ChannelId | None,
    details: Details,
    file: NewFile,
    *,
    visibility: Visibility,
    is_draft: bool = False,
    publish_at: datetime | None = None,
) -> Video:
    """Make a video that waits for its file, and is published as wished as soon as it is ready."""
    check_schedule(publish_at)
    place = UploadPlace(VideoId(new_id()), UploadId(new_id()))
    video = Video(
        video_id=place.video_id,
        owner_id=owner_id,
        channel_id=channel_id,
        details=details,
        visibility=visibility,
        is_draft=is_draft,
        publish_at=publish_at,
        state=VideoState.UPLOADING,
        home=Home.PRIVATE,
        upload=uploads.begin(place, file.filename, file.size_bytes, file.content_type),
        created_at=now(),
    )
    video = video.model_copy(update={"home": video.wanted_home})
    store.create(video)
    if publish_at:
        settle(video)
    return video


def open_upload(video: Video, first_part: int = 1) -> uploads.OpenUpload:
    """Return where to put the next parts of the newest upload, and which S3 has already; raises UploadClosed."""
    coming = video.replacement
    if coming is not None and coming.state is VideoState.UPLOADING:
        return uploads.page(UploadPlace(video.video_id, coming.upload.upload_id), coming.upload, first_part)
    if video.state is not VideoState.UPLOADING:
        raise UploadClosed(video.video_id)
    return uploads.page(place_of(video), video.upload, first_part)


def visible(video_id: VideoId, caller: Caller | None) -> Video:
    """Return a video that the caller may know of; any other is VideoGone, like one that is not there.

    Who has the id of an unlisted video has its link: it cannot be guessed.
    """
    video = store.get(video_id)
    if video.audience is Audience.OWNER and not _may_always_see(video, caller):
        raise VideoGone(video_id)
    return video


def owned(video_id: VideoId, owner_id: UserId) -> Video:
    """Return the owner's video; anybody else's is VideoGone."""
    video = store.get(video_id)
    if video.owner_id != owner_id:
        raise VideoGone(video_id)
    return video


def owned_page(
    owner_id: UserId, limit: int, after: VideoId | None, wanted: store.OwnedFilter | None = None
) -> store.VideoPage:
    """Return a page of the owner's videos, newest first, beginning behind `after`."""
    return store.by_owner(owner_id, limit, after, wanted or store.OwnedFilter())


def get_public(video_ids: Sequence[VideoId]) -> Mapping[VideoId, Video]:
    """Return those of the videos that may appear in lists, by id: for feeds and search."""
    return {video_id: video for video_id, video in _get_many(video_ids).items() if video.is_listed}


def get_visible(video_ids: Sequence[VideoId], caller: Caller | None) -> Mapping[VideoId, Video]:
    """Return those of the videos that the caller may know of, by id: for playlists and histories."""
    found = _get_many(video_ids).items()
    return {
        video_id: video
        for video_id, video in found
        if video.audience is not Audience.OWNER or _may_always_see(video, caller)
    }


def edit(
    video_id: VideoId,
    owner_id: UserId,
    change: Callable[[Video], Video],
    version: int | None = None,
) -> Video:
    """Change the owner's video, in that version alone if one is named, and let the rest follow.

    Natural to repeat: a change that changes nothing makes sure that the rest has followed. Raises VideoGone, Stale,
    or ChangedMeanwhile when others never let go.
    """

    def checked(video: Video) -> Video:
        if video.owner_id != owner_id:
            raise VideoGone(video_id)
        if version is not None and video.version != version:
            raise Stale
        return change(video)

    return _edit(video_id, checked)


def publish(video: Video, visibility: Visibility | None, publish_at: datetime | None) -> Video:
    """Return the video published with that visibility, now or later; raises IsTakenDown or Invalid."""
    if video.taken_down:
        raise IsTakenDown(video.video_id)
    check_schedule(publish_at)
    fields = {"is_draft": False, "publish_at": publish_at, "visibility": visibility or video.visibility}
    return video.model_copy(update=fields)


def unpublish(video: Video) -> Video:
    """Return the video as a draft, which only its owner sees."""
    return video.model_copy(update={"is_draft": True, "publish_at": None})


def choose_poster(video_id: VideoId, owner_id: UserId, poster_id: str) -> Video:
    """Show an uploaded picture as the video's poster; raises VideoGone, PosterMissing or PosterRejected."""
    poster = posters.clean(owned(video_id, owner_id), poster_id)
    return edit(video_id, owner_id, lambda video: video.model_copy(update={"poster": poster}))


def choose_candidate(video_id: VideoId, owner_id: UserId, number: int) -> Video:
    """Show one of the film's own pictures as its poster; raises VideoGone or PosterMissing."""
    poster = posters.from_film(owned(video_id, owner_id), number)
    return edit(video_id, owner_id, lambda video: video.model_copy(update={"poster": poster}))


def drop_poster(video_id: VideoId, owner_id: UserId) -> Video:
    """Show a picture of the film again; natural to repeat. Raises VideoGone."""
    return edit(video_id, owner_id, lambda video: video.model_copy(update={"poster": None}))


def delete(video_id: VideoId, owner_id: UserId) -> None:
    """Delete the owner's video, and its media with it; it is gone for everybody at once. Raises VideoGone."""
    edit(video_id, owner_id, _deleted)


def delete_all_of(owner_id: UserId) -> int:
    """Delete all videos of an account that ends; return how many there were. Natural to repeat."""
    count = 0
    while videos := owned_page(owner_id, store.MAX_BATCH, None).videos:
        for video in videos:
            delete(video.video_id, owner_id)
        count += len(videos)
    return count


def take_down(video_id: VideoId, reason: str, moderator_id: UserId) -> Video:
    """Take a video down: only its owner sees it, and reads the reason. Raises VideoGone.

    Repeated with another reason it replaces the first. The caller has checked that this is a moderator.
    """
    decision = TakenDown(reason=reason, at=now(), by=moderator_id)

    def taken_down(video: Video) -> Video:
        if video.taken_down and video.taken_down.reason == reason:
            return video
        return video.model_copy(update={"taken_down": decision})

    video = _edit(video_id, taken_down)
    events.publish(
        VideoTakenDown(video_id=video_id, owner_id=video.owner_id, channel_id=video.channel_id, reason=reason)
    )
    return video


def restore(video_id: VideoId) -> Video:
    """Take a moderator's decision back: the video is what its owner made it. Raises VideoGone. Natural to repeat."""
    return _edit(video_id, lambda video: video.model_copy(update={"taken_down": None}))


def _get_many(video_ids: Sequence[VideoId]) -> dict[VideoId, Video]:
    found: dict[VideoId, Video] = {}
    for start in range(0, len(video_ids), store.MAX_BATCH):
        found |= store.get_many(video_ids[start : start + store.MAX_BATCH])
    return found


def check_schedule(publish_at: datetime | None) -> None:
    """Raise Invalid for an hour that has passed, or that nobody can wait for."""
    if publish_at is None:
        return
    if publish_at <= now():
        raise Invalid("publish_at", "This moment has passed. Leave it out to publish at once.")
    if publish_at > now() + MAX_SCHEDULE:
        raise Invalid("publish_at", f"A video can be scheduled {MAX_SCHEDULE.days} days ahead at most.")


def _may_always_see(video: Video, caller: Caller | None) -> bool:
    return caller is not None and (caller.user_id == video.owner_id or bool(caller.roles & MODERATORS))


def _deleted(video: Video) -> Video:
    return video.model_copy(update={"deleted_at": now()})


def _edit(video_id: VideoId, change: Callable[[Video], Video]) -> Video:
    for _ in range(TRIES):
        before = store.get(video_id)
        after = change(before)
        if after == before:
            settle(before)
            return before
        if after.is_listed and not after.published_at:
            after = after.model_copy(update={"published_at": now()})
        if store.edit(before, after):
            after = after.model_copy(update={"version": before.version + 1})
            settle(after)
            return after
    raise ChangedMeanwhile(video_id)
