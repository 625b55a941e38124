"""What the steps of the workflow are given, and what they hand on."""

from pydantic import BaseModel, ConfigDict

from millrace.media.complexity import Complexity
from millrace.media.loudness import Blocks
from millrace.media.package import MeasuredTrack
from millrace.media.probe import SourceInfo
from millrace.media.timeline import Timeline
from millrace.platform.ids import UploadId, VideoId
from millrace.videos.places import UploadPlace


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class UploadTask(_Value):
    """Work on one upload of a video."""

    video_id: VideoId
    upload_id: UploadId

    @property
    def place(self) -> UploadPlace:
        """Where its bytes lie."""
        return UploadPlace(self.video_id, self.upload_id)


class ChunkTask(UploadTask):
    """Work on one chunk of it; `has_turn` where one has been reserved."""

    chunk: int
    has_turn: bool = False


class AudioTask(UploadTask):
    """Work on one chunk of all its sound tracks."""

    chunk: int


class ShowTask(UploadTask):
    """Show what is encoded of it; `by` names who asks, so that they go on after an interruption."""

    by: str


class FailureTask(UploadTask):
    """An upload whose workflow failed, with the error as the state machine caught it."""

    error: str
    cause: str = ""


class ProbedSource(_Value):
    """What the probe found out about a source file."""

    source: SourceInfo
    timeline: Timeline
    complexity: Complexity | None = None


class Planned(_Value):
    """The chunks of picture and sound to encode, in playing order."""

    chunks: tuple[int, ...]
    audio_chunks: tuple[int, ...] = ()


class StoredTrack(_Value):
    """A rendition, or the sound, as far as one encoder made it; `init_sha256` proves that the parts fit together."""

    init_sha256: str
    track: MeasuredTrack


class Encoded(_Value):
    """What an encoder left in the media bucket, and the CPU that it took; how loud each sound track is."""

    tracks: tuple[StoredTrack, ...]
    cpu_s: float
    function_s: float = 0
    gb_s: float = 0
    loudness: tuple[Blocks, ...] = ()
