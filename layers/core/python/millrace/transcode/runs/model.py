"""A run: one attempt at an upload, from its start until nothing of it can still be written."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from millrace.platform import settings
from millrace.platform.ids import UploadId, VideoId
from millrace.videos.model import Film, Video
from millrace.videos.places import UploadPlace

# Until there is a plan: the probe of a long file without an index, tried four times.
PLANNING = timedelta(minutes=30)
# What the slowest machine that is worth running on takes for a second of film, all renditions, one chunk after another.
ENCODING_A_SECOND = 30


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at an upload; `ended_at` is when somebody first saw that nobody waits for it any more."""

    video_id: VideoId
    upload_id: UploadId
    started_at: datetime
    look_at: datetime
    ended_at: datetime | None = None

    @property
    def place(self) -> UploadPlace:
        """Where its bytes lie."""
        return UploadPlace(self.video_id, self.upload_id)

    def is_overdue(self, film: Film | None, at: datetime) -> bool:
        """Whether it has outlived its budget."""
        return at > self.started_at + budget(film)


def budget(film: Film | None) -> timedelta:
    """Return how long a run may take: far more than it does, so that what outlives it is stuck."""
    if film is None:
        return PLANNING
    return PLANNING + timedelta(milliseconds=film.duration_ms) * ENCODING_A_SECOND


def execution_name(video_id: VideoId, upload_id: UploadId, attempt: int) -> str:
    """Return the name of an attempt's execution: the same event starts the same one."""
    name = f"{video_id}-{upload_id}"
    return name if attempt == 1 else f"{name}-{attempt}"


def execution_arn(video: Video) -> str:
    """Return the address of the execution that works on this version of the video."""
    machine = settings.require("TRANSCODE_STATE_MACHINE_ARN")
    name = execution_name(video.video_id, video.upload.upload_id, video.attempt)
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
