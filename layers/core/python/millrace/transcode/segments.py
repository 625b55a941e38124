"""Segments on their way from the encoder's folder to the media bucket."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from millrace.media.cmaf import Cut
from millrace.platform import clients, settings
from millrace.transcode.model import StoredSegment, StoredTrack

# Everything but playlists has a name that is never used again for other bytes.
IMMUTABLE = "public, max-age=31536000, immutable"
# Enough to hide S3's round trip, few enough for one vCPU.
UPLOADS_AT_ONCE = 8

SEGMENT_TYPE = "video/mp4"


def segment_name(number: int) -> str:
    """Return a segment's file name; numbers begin with 1."""
    return f"seg_{number:05d}.m4s"


def store_track(folder: str, name: str, cut: Cut, *, with_init: bool) -> StoredTrack:
    """Store a track's segments, and its init segment when asked to, below `folder` (which ends with a slash)."""
    files = [(segment_name(segment.number), segment.data) for segment in cut.segments]
    if with_init:
        files.append(("init.mp4", cut.init))
    put_all((f"{folder}{name}/{file}", data) for file, data in files)
    return StoredTrack(
        name=name,
        init_sha256=hashlib.sha256(cut.init).hexdigest(),
        segments=tuple(
            StoredSegment(
                number=segment.number,
                decode_time=segment.decode_time,
                duration=segment.duration,
                size_bytes=len(segment.data),
            )
            for segment in cut.segments
        ),
    )


def put_all(files: Iterable[tuple[str, bytes]]) -> None:
    """Store immutable objects side by side; the first failure is raised."""
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
        for _ in threads.map(_put, files):
            pass


def _put(file: tuple[str, bytes]) -> None:
    key, data = file
    clients.s3().put_object(
        Bucket=settings.require("MEDIA_BUCKET"),
        Key=key,
        Body=data,
        ContentType="image/jpeg" if key.endswith(".jpg") else SEGMENT_TYPE,
        CacheControl=IMMUTABLE,
    )
