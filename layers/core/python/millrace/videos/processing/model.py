"""What processing knows of a version beyond its state."""

from dataclasses import dataclass

from millrace.videos.model import Video


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a video's first version is encoded, by the numbers of chunks, and where it lies: what may be shown."""

    video: Video
    chunks: frozenset[int]
    sounds: frozenset[int]
