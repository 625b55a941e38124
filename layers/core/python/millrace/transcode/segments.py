"""Segments on their way from the encoder's folder to the media bucket."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from millrace.media.cmaf import Cut
from millrace.media.codecs import codec_of
from millrace.media.package import INIT_SEGMENT, MeasuredTrack
from millrace.platform import clients, settings
from millrace.transcode.model import StoredTrack

# Everything but playlists has a name that is never used again for other bytes.
IMMUTABLE = "public, max-age=31536000, immutable"
# Enough to hide S3's round trip, few enough for one vCPU.
UPLOADS_AT_ONCE = 8

SEGMENT_TYPE = "video/mp4"


def store_track(folder: str, name: str, cut: Cut, *, timescale: int, with_init: bool) -> StoredTrack:
    """Store a track's segments, and its init segment when asked to, below `folder` (which ends with a slash)."""
    files: list[tuple[str, bytes | memoryview]] = [(segment.file_name, segment.data) for segment in cut.segments]
    if with_init:
        files.append((INIT_SEGMENT, cut.init))
    put_all((f"{folder}{name}/{file}", data, SEGMENT_TYPE) for file, data in files)
    track = MeasuredTrack(
        name=name,
        codec=codec_of(cut.init),
        timescale=timescale,
        segments=tuple(segment.measure() for segment in cut.segments),
    )
    return StoredTrack(init_sha256=hashlib.sha256(cut.init).hexdigest(), track=track)


def put_all(files: Iterable[tuple[str, bytes | memoryview, str]]) -> None:
    """Store immutable objects (key, data, content type) side by side; the first failure is raised."""
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
        for _ in threads.map(_put, files):
            pass


def _put(file: tuple[str, bytes | memoryview, str]) -> None:
    key, data, content_type = file
    clients.s3().put_object(
        Bucket=settings.require("MEDIA_BUCKET"),
        Key=key,
        Body=bytes(data),
        ContentType=content_type,
        CacheControl=IMMUTABLE,
    )
