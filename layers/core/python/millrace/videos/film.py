"""One version of a video's film: its source file, and what processing made of it."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from millrace.costs.cost import ProcessingCost
from millrace.platform.ids import UploadId
from millrace.videos.fact import Fact

MAX_UPLOAD_BYTES = 256 * 1024**3

# "30000/1001": exact, where a float would drift by a frame in ten hours.
FrameRate = Annotated[
    Fraction,
    BeforeValidator(Fraction),
    PlainSerializer(str),
]


class VideoState(StrEnum):
    """Where a version is on its way from an upload to a film."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Upload(Fact):
    """One multipart upload of a source file, as announced; `s3_upload_id` is S3's name for it."""

    upload_id: UploadId
    s3_upload_id: str
    filename: str
    size_bytes: int
    part_size_bytes: int


class Failure(Fact):
    """Why a video failed: a stable code, and one sentence for its owner."""

    code: str
    message: str


class Pictures(Fact):
    """What was drawn from the film besides its poster; it may lack when drawing failed."""

    has_storyboard: bool = False
    has_preview: bool = False
    candidate_count: int = 0
    """Posters to choose from."""


class Film(Fact):
    """What the plan found out about the film, as it will be delivered."""

    duration_ms: int
    frame_rate: FrameRate
    width_px: int
    height_px: int
    has_audio: bool
    renditions: tuple[str, ...]
    chunk_count: int
    # Measured at the end, over the default sound (EBU R 128); a silent film has none.
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    # What was changed on the way, in sentences for the owner.
    notes: tuple[str, ...] = ()
    processing_cost: ProcessingCost | None = None
