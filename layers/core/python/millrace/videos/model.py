"""What a video is, and the states of its life."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from millrace.platform.ids import UploadId, UserId, VideoId


class Visibility(StrEnum):
    """Who may watch."""

    PUBLIC = "public"
    PRIVATE = "private"


class VideoState(StrEnum):
    """Where a video is on its way from an upload to a film."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


# "30000/1001": exact, where a float would drift by a frame in ten hours.
FrameRate = Annotated[
    Fraction,
    BeforeValidator(Fraction),
    PlainSerializer(str),
]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class Upload(_Fact):
    """One multipart upload of a source file, as announced; `s3_upload_id` is S3's name for it."""

    upload_id: UploadId
    s3_upload_id: str
    filename: str
    size_bytes: int
    part_size_bytes: int


class Failure(_Fact):
    """Why a video failed: a stable code, and one sentence for its owner."""

    code: str
    message: str


class Film(_Fact):
    """What the plan found out about the film, as it will be delivered."""

    duration_ms: int
    frame_rate: FrameRate
    width_px: int
    height_px: int
    has_audio: bool
    renditions: tuple[str, ...]
    chunk_count: int


class Video(_Fact):
    """A video with everything that we know of it."""

    video_id: VideoId
    owner_id: UserId
    title: str
    description: str
    visibility: Visibility
    state: VideoState
    upload: Upload
    film: Film | None = None
    chunks_done: int = 0
    failure: Failure | None = None
    created_at: AwareDatetime
    uploaded_at: AwareDatetime | None = None
    ready_at: AwareDatetime | None = None

    @property
    def progress_percent(self) -> int:
        """How much of the processing is done: the chunks, with a little before and after them."""
        match self.state:
            case VideoState.READY:
                return 100
            case VideoState.PROCESSING if self.film:
                return (
                    PLANNED_PERCENT + (PACKAGING_PERCENT - PLANNED_PERCENT) * self.chunks_done // self.film.chunk_count
                )
            case _:
                return 0


# Probe and plan are quick, and so is packaging; the chunks are nearly all of the work.
PLANNED_PERCENT = 3
PACKAGING_PERCENT = 98

MAX_UPLOAD_BYTES = 256 * 1024**3

Title = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=5000)]
