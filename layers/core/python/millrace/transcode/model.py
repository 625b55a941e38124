"""What the steps of the workflow are given, and what they hand on."""

from pydantic import BaseModel, ConfigDict

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
    """Work on one chunk of it."""

    chunk: int


class FailureTask(UploadTask):
    """An upload whose workflow failed, with the error as the state machine caught it."""

    error: str
    cause: str = ""


class Planned(_Value):
    """The chunks to encode, in playing order."""

    chunks: tuple[int, ...]


class StoredSegment(_Value):
    """A segment that lies in the media bucket; times in ticks of its track's timescale."""

    number: int
    decode_time: int
    duration: int
    size_bytes: int


class StoredTrack(_Value):
    """The segments of one rendition, or of the sound, in order; `init_sha256` proves that they fit together."""

    name: str
    init_sha256: str
    segments: tuple[StoredSegment, ...]


class EncodedChunk(_Value):
    """What encoding a chunk left in the media bucket, and the CPU that it took."""

    chunk: int
    tracks: tuple[StoredTrack, ...]
    cpu_s: float
