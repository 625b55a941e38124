"""What the API takes and gives about videos."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field

from millrace.costs.cost import ProcessingCost
from millrace.platform.errors import Invalid
from millrace.platform.http import Input, Output, decode_cursor, encode_cursor
from millrace.platform.ids import ChannelId, UploadId, UserId, VideoId, is_id
from millrace.videos.details import (
    Category,
    Chapter,
    Chapters,
    Description,
    Details,
    Language,
    Origin,
    PlaybackRules,
    Tags,
    Title,
    in_order,
)
from millrace.videos.film import MAX_UPLOAD_BYTES, Failure
from millrace.videos.model import Replacement, Status, TakenDown, Video, VideoState, Visibility
from millrace.videos.model import progress_percent as progress
from millrace.videos.playback import COOKIE_LIFETIME, Playback, addresses, candidate_urls
from millrace.videos.progress import ProgressView
from millrace.videos.service import NewFile
from millrace.videos.uploads import MAX_PARTS

# The same words as Status: a query parameter's schema cannot point at an enumeration elsewhere.
StatusName = Literal[
    "uploading", "processing", "failed", "draft", "scheduled", "published", "unlisted", "private", "taken_down"
]


class ChapterInput(Chapter):
    """A part of the film with a name, up to the next one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaybackRulesInput(PlaybackRules):
    """Where a video may be watched; null does not restrict."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileInput(Input):
    """A file that is about to be uploaded."""

    filename: Annotated[str, Field(min_length=1, max_length=255, examples=["holiday.mp4"])]
    size_bytes: Annotated[int, Field(ge=1, le=MAX_UPLOAD_BYTES, description="The exact size of the file.")]
    content_type: Annotated[str, Field(max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/octet-stream"

    def file(self) -> NewFile:
        """Return what uploads need of it."""
        return NewFile(self.filename, self.size_bytes, self.content_type)


class VideoDraft(FileInput):
    """A new video, and the file that is about to be uploaded."""

    title: Title
    description: Description = ""
    tags: Tags = ()
    category: Category | None = None
    language: Language | None = None
    age_restricted: bool = False
    comments_enabled: bool = True
    rules: PlaybackRulesInput = PlaybackRulesInput()
    visibility: Visibility = Visibility.PUBLIC
    channel_id: Annotated[
        ChannelId | None, Field(description="One of the caller's channels; their first one if it is left out.")
    ] = None
    draft: Annotated[bool, Field(description="Keep it to oneself until it is published.")] = False
    publish_at: Annotated[AwareDatetime | None, Field(description="Publish it then, once it is ready.")] = None

    def details(self) -> Details:
        """Return what is said about the video."""
        return Details.model_validate(self.model_dump(include=set(Details.model_fields)))


class VideoChanges(Input):
    """What to change of a video; what is left out stays."""

    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    tags: Tags = Field(default_factory=tuple)
    category: Category | None = None
    language: Language | None = None
    age_restricted: bool = Field(default_factory=bool)
    comments_enabled: bool = Field(default_factory=bool)
    chapters: tuple[ChapterInput, ...] = Field(default_factory=tuple, max_length=100)
    rules: PlaybackRulesInput = Field(default_factory=PlaybackRulesInput)
    visibility: Visibility = Field(default_factory=lambda: Visibility.PUBLIC)

    def apply(self, video: Video) -> Video:
        """Return the video with what was given; raises Invalid for chapters that do not fit the film."""
        given = self.model_fields_set
        told = self.model_dump(include=given - {"visibility", "chapters"})
        if "chapters" in given:
            told["chapters"] = _fitting(self.chapters, video)
        details = Details.model_validate({**video.details.model_dump(), **told})
        visibility = self.visibility if "visibility" in given else video.visibility
        return video.model_copy(update={"details": details, "visibility": visibility})


def _fitting(chapters: Chapters, video: Video) -> list[dict[str, object]]:
    try:
        ordered = in_order(chapters)
    except ValueError as error:
        raise Invalid("chapters", str(error)) from error
    if video.film and ordered and ordered[-1].start_ms >= video.film.duration_ms:
        raise Invalid("chapters", "A chapter starts after the end of the film.")
    return [chapter.model_dump() for chapter in ordered]


class Publication(Input):
    """How to publish a video."""

    visibility: Annotated[Visibility | None, Field(description="As it is, if left out.")] = None
    publish_at: Annotated[AwareDatetime | None, Field(description="Now, if left out.")] = None


class PlaybackWish(Input):
    """How to play a video."""

    lifetime_s: Annotated[
        int, Field(ge=60, le=int(COOKIE_LIFETIME.total_seconds()), description="How long the cookies are good for.")
    ] = int(COOKIE_LIFETIME.total_seconds())
    bind_address: Annotated[bool, Field(description="Let the cookies open nothing from another address.")] = False
    embedded_by: Annotated[Origin | None, Field(description="The site whose page embeds the player.")] = None

    @property
    def lifetime(self) -> timedelta:
        """How long the cookies are wanted for."""
        return timedelta(seconds=self.lifetime_s)


class VideoList(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None


class OwnVideoList(VideoList):
    """Which of the caller's videos."""

    status: StatusName | None = None
    channel_id: ChannelId | None = None


def read_cursor(cursor: str | None) -> VideoId | None:
    """Return the video that the page before ended with; a cursor that is not ours raises Invalid."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    after = key.get("after")
    if not isinstance(after, str) or not is_id(after):
        raise Invalid("cursor", "This cursor is not one that a list gave out.")
    return VideoId(after)


def write_cursor(after: VideoId | None) -> str | None:
    """Return the cursor of the page behind the video; None, the end, stays None."""
    return encode_cursor({"after": after} if after else None)


class UploadPage(Input):
    """Which parts of an upload."""

    first_part: Annotated[int, Field(ge=1, le=MAX_PARTS)] = 1


class PlaybackView(Output):
    """Addresses of a video that plays. Those below `/media/private/` need the cookies that `POST …/playback` sets.

    While `state` is `processing` they hold its beginning, and grow; the same addresses are complete in the end.
    """

    hls_url: str
    dash_url: str
    poster_url: Annotated[str | None, Field(description="Null until the video is ready.")]
    storyboard_url: Annotated[
        str | None, Field(description="WebVTT: which part of which picture shows which time of the film.")
    ]
    preview_url: Annotated[str | None, Field(description="A few seconds of the film as MP4, without sound.")]

    @classmethod
    def of(cls, playback: Playback) -> Self:
        """Leave the cookies out: they travel as headers."""
        return cls.model_validate({name: getattr(playback, name) for name in PlaybackView.model_fields})


class GrantedPlayback(PlaybackView):
    """Addresses of a ready video, and until when the cookies that came with them open them; null: no cookies needed."""

    expires_at: AwareDatetime | None = None

    @classmethod
    def granted(cls, playback: Playback) -> Self:
        """Show what was granted."""
        return cls(**dict(PlaybackView.of(playback)), expires_at=playback.expires_at)


class TakenDownView(Output):
    """Why and when a moderator took the video down."""

    reason: str
    at: AwareDatetime

    @classmethod
    def of(cls, decision: TakenDown | None) -> Self | None:
        """Leave out who decided."""
        return None if decision is None else cls(reason=decision.reason, at=decision.at)


class ReplacementView(Output):
    """A new file on its way; the video plays on with the old one until this is ready."""

    upload_id: UploadId
    filename: str
    state: VideoState
    progress_percent: Annotated[int, Field(ge=0, le=100)]
    progress: ProgressView
    failure: Failure | None

    @classmethod
    def of(cls, coming: Replacement | None) -> Self | None:
        """Show the replacement, if there is one."""
        if coming is None:
            return None
        return cls(
            upload_id=coming.upload.upload_id,
            filename=coming.upload.filename,
            state=coming.state,
            progress_percent=progress(coming.state, coming.film, coming.chunks_done),
            progress=ProgressView.of(coming.state, coming.film, coming.chunks_done),
            failure=coming.failure,
        )


class OwnerView(Output):
    """What only the owner is told."""

    version: int
    draft: bool
    publish_at: AwareDatetime | None
    taken_down: TakenDownView | None
    rules: PlaybackRules
    replacement: ReplacementView | None
    filename: str
    posters: Annotated[tuple[str, ...], Field(description="Pictures of the film that could be its poster.")]
    notes: Annotated[tuple[str, ...], Field(description="What was changed of the file on its way, in sentences.")]
    loudness_lufs: Annotated[float | None, Field(description="Integrated loudness of the default sound (EBU R 128).")]
    true_peak_dbtp: float | None
    processing_cost: Annotated[ProcessingCost | None, Field(description="What processing takes, on AWS.")]

    @classmethod
    def of(cls, video: Video) -> Self:
        """Show the owner's side of a video."""
        return cls(
            version=video.version,
            draft=video.is_draft,
            publish_at=video.publish_at,
            taken_down=TakenDownView.of(video.taken_down),
            rules=video.details.rules,
            replacement=ReplacementView.of(video.replacement),
            filename=video.upload.filename,
            posters=candidate_urls(video),
            notes=video.film.notes if video.film else (),
            loudness_lufs=video.film.loudness_lufs if video.film else None,
            true_peak_dbtp=video.film.true_peak_dbtp if video.film else None,
            processing_cost=video.film.processing_cost if video.film else None,
        )


class VideoView(Output):
    """A video as its viewers see it; `owner` is null for everybody but the owner. Texts are plain, never HTML."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None
    title: str
    description: str
    tags: tuple[str, ...]
    category: Category | None
    language: str | None
    age_restricted: bool
    comments_enabled: bool
    chapters: tuple[Chapter, ...]
    visibility: Visibility
    status: Status
    state: VideoState
    progress_percent: Annotated[int, Field(ge=0, le=100)]
    progress: ProgressView
    failure: Failure | None
    duration_ms: int | None
    width_px: int | None
    height_px: int | None
    renditions: tuple[str, ...]
    playback: PlaybackView | None
    created_at: AwareDatetime
    uploaded_at: AwareDatetime | None
    playable_at: Annotated[AwareDatetime | None, Field(description="When its beginning could first be watched.")]
    ready_at: AwareDatetime | None
    published_at: AwareDatetime | None
    owner: OwnerView | None

    @classmethod
    def of(cls, video: Video, viewer_id: UserId | None = None) -> Self:
        """Show a video to somebody who may know of it."""
        film = video.film
        shown = {name: getattr(video, name) for name in cls.model_fields if hasattr(video, name)}
        said = {name: getattr(video.details, name) for name in cls.model_fields if hasattr(video.details, name)}
        about_the_film = {
            "progress": ProgressView.of(video.state, film, video.chunks_done),
            "duration_ms": film.duration_ms if film else None,
            "width_px": film.width_px if film else None,
            "height_px": film.height_px if film else None,
            "renditions": film.renditions if film else (),
            "playback": PlaybackView.of(addresses(video)) if video.is_playable else None,
        }
        owner = OwnerView.of(video) if viewer_id == video.owner_id else None
        return cls.model_validate({**shown, **said, **about_the_film, "owner": owner})


class VideoCard(Output):
    """A video as lists show it; a poster below `/media/private/` needs the cookies of its playback."""

    video_id: VideoId
    channel_id: ChannelId | None
    title: str
    duration_ms: int | None
    poster_url: str | None
    preview_url: str | None
    visibility: Visibility
    age_restricted: bool
    published_at: AwareDatetime | None

    @classmethod
    def of(cls, video: Video | None) -> Self | None:
        """Show a video in short; None stays None."""
        if video is None:
            return None
        playback = addresses(video) if video.state is VideoState.READY else None
        return cls(
            video_id=video.video_id,
            channel_id=video.channel_id,
            title=video.title,
            duration_ms=video.film.duration_ms if video.film else None,
            poster_url=playback.poster_url if playback else None,
            preview_url=playback.preview_url if playback else None,
            visibility=video.visibility,
            age_restricted=video.details.age_restricted,
            published_at=video.published_at,
        )
