"""What a video is, and the states of its life."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from millrace.platform.ids import ChannelId, UploadId, UserId, VideoId
from millrace.videos.caption import Caption
from millrace.videos.details import Category, Chapter, Details, PlaybackRules
from millrace.videos.fact import Fact
from millrace.videos.film import Failure, Film, Pictures, Upload, VideoState

__all__ = [
    "Audience",
    "Category",
    "Chapter",
    "Details",
    "Failure",
    "Film",
    "Home",
    "Pictures",
    "PlaybackRules",
    "Previous",
    "Replacement",
    "Status",
    "TakenDown",
    "Upload",
    "Video",
    "VideoState",
    "Visibility",
]


class Visibility(StrEnum):
    """Who may watch, as the owner wishes it."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"


class Audience(StrEnum):
    """Who may watch now, all things considered."""

    EVERYONE = "everyone"
    LINK = "link"
    OWNER = "owner"


class Home(StrEnum):
    """The first folder of media: open to everybody, or behind signed cookies."""

    PUBLIC = "public"
    PRIVATE = "private"


class Status(StrEnum):
    """Where a video stands in its life, in one word."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    FAILED = "failed"
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    TAKEN_DOWN = "taken_down"


class TakenDown(Fact):
    """A moderator's decision; the owner reads the reason."""

    reason: str
    at: AwareDatetime
    by: UserId


class Replacement(Fact):
    """A new file for a video that plays on with its old one until this is ready."""

    upload: Upload
    state: VideoState
    home: Home
    film: Film | None = None
    pictures: Pictures | None = None
    chunks_done: int = 0
    failure: Failure | None = None
    attempt: int = 1
    uploaded_at: AwareDatetime | None = None


class Previous(Fact):
    """What a replaced version left: players that opened it before may go on until then."""

    upload_id: UploadId
    home: Home
    until: AwareDatetime


class Video(Fact):
    """A video with everything that we know of it."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None
    details: Details
    visibility: Visibility
    is_draft: bool = False
    publish_at: AwareDatetime | None = None
    published_at: AwareDatetime | None = None
    taken_down: TakenDown | None = None
    deleted_at: AwareDatetime | None = None
    version: int = 1
    """Counts what the owner, a moderator or the end of processing changed."""
    announced_version: int = 0
    """The version that the bus was told of last, and whether it was listed then."""
    announced_listed: bool = False
    is_cached: bool = False
    """Whether caches may hold what has left the public folder."""
    poster: str | None = None
    """The name of a picture that the owner chose instead of one from the film."""
    captions: tuple[Caption, ...] = ()
    """By language."""
    state: VideoState
    home: Home
    upload: Upload
    film: Film | None = None
    pictures: Pictures | None = None
    chunks_done: int = 0
    failure: Failure | None = None
    attempt: int = 1
    created_at: AwareDatetime
    uploaded_at: AwareDatetime | None = None
    playable_at: AwareDatetime | None = None
    """When its beginning could first be watched; it stays so while the rest is encoded."""
    ready_at: AwareDatetime | None = None
    replacement: Replacement | None = None
    previous: Previous | None = None

    @property
    def title(self) -> str:
        """The title, which most who look at a video want."""
        return self.details.title

    @property
    def audience(self) -> Audience:
        """Who may watch now: what is a draft, scheduled or taken down is its owner's alone."""
        if self.deleted_at or self.taken_down or self.is_draft or self.publish_at:
            return Audience.OWNER
        match self.visibility:
            case Visibility.PUBLIC:
                return Audience.EVERYONE
            case Visibility.UNLISTED:
                return Audience.LINK
            case Visibility.PRIVATE:
                return Audience.OWNER

    @property
    def is_listed(self) -> bool:
        """Whether it may appear in lists, feeds and search: not while it grows, for it may yet fail."""
        return self.state is VideoState.READY and self.audience is Audience.EVERYONE

    @property
    def is_playable(self) -> bool:
        """Whether it plays: whole, or its beginning while the rest is encoded."""
        is_growing = self.state is VideoState.PROCESSING and self.playable_at is not None
        return self.state is VideoState.READY or is_growing

    @property
    def wanted_home(self) -> Home:
        """Where its media belongs: only cookies can keep a country or another site's page out."""
        open_to_all = self.audience is not Audience.OWNER and self.details.rules.is_empty
        return Home.PUBLIC if open_to_all else Home.PRIVATE

    @property
    def status(self) -> Status:
        """Its place in life in one word; the most pressing one where several would do."""
        if self.taken_down:
            return Status.TAKEN_DOWN
        if self.state is not VideoState.READY:
            return Status(self.state.value)
        if self.publish_at:
            return Status.SCHEDULED
        if self.is_draft:
            return Status.DRAFT
        return Status.PUBLISHED if self.visibility is Visibility.PUBLIC else Status(self.visibility.value)

    @property
    def progress_percent(self) -> int:
        """How much of the processing is done."""
        return progress_percent(self.state, self.film, self.chunks_done)

    def through(self, upload_id: UploadId) -> "Video | None":
        """Return the video as that upload would have it, current or replacement; None for any other upload."""
        if self.upload.upload_id == upload_id:
            return self
        coming = self.replacement
        if coming is None or coming.upload.upload_id != upload_id:
            return None
        fields = ("upload", "state", "home", "film", "pictures", "chunks_done", "failure", "attempt", "uploaded_at")
        # A replacement is shown only when it is whole: until then the old version plays.
        return self.model_copy(update={name: getattr(coming, name) for name in fields} | {"playable_at": None})

    def is_due(self, at: datetime) -> bool:
        """Whether the hour of its scheduled publication has come."""
        return self.publish_at is not None and self.publish_at <= at


# Probe and plan are quick, and so is packaging; the chunks are nearly all of the work.
PLANNED_PERCENT = 3
PACKAGING_PERCENT = 98


def progress_percent(state: VideoState, film: Film | None, chunks_done: int) -> int:
    """Return how much of the processing is done: the chunks, with a little before and after them."""
    match state:
        case VideoState.READY:
            return 100
        case VideoState.PROCESSING if film:
            return PLANNED_PERCENT + (PACKAGING_PERCENT - PLANNED_PERCENT) * chunks_done // film.chunk_count
        case _:
            return 0
