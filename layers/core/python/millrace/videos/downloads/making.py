"""Make a download: read what the segments hold, write one index, and copy the samples behind it.

Segments are read twice and the file goes to S3 part by part, so a film of any length fits into a small function.
"""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from millrace.media.package import INIT_SEGMENT, MeasuredTrack
from millrace.media.progressive import Layout, ProgressiveTrack, lay_out, sample_data
from millrace.platform import clients, settings
from millrace.platform.errors import Unavailable
from millrace.platform.events import DomainEvent, DownloadAsked
from millrace.platform.observability import logger
from millrace.videos import packaging, store
from millrace.videos.downloads.service import default_sound, file_key, track_name
from millrace.videos.errors import VideoGone
from millrace.videos.model import VideoState
from millrace.videos.packaging import MISSING
from millrace.videos.places import place_of

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# So many segments are asked for at once, and held.
FETCHES_AT_ONCE = 16
# S3 takes 10,000 parts: enough for four times the largest download.
PART_BYTES = 8 * 1024**2


class Unfinished(Unavailable):
    """The file that was written is not the file that was planned."""

    def __init__(self) -> None:
        super().__init__("The download could not be made.")


def make(event: DomainEvent) -> None:
    """Make the file that was asked for, unless it is there or the video has changed. Idempotent."""
    if not isinstance(event, DownloadAsked):
        raise TypeError(type(event).__name__)
    try:
        video = store.get(event.video_id)
    except VideoGone:
        return
    place = place_of(video)
    packaged = packaging.find(place)
    if video.state is not VideoState.READY or place.upload_id != event.upload_id or packaged is None:
        logger().info("a download of what is no longer there", video_id=event.video_id)
        return
    key = file_key(place, event.rendition)
    if _exists(key):
        return
    wanted = [track for track in packaged.video if track.name == track_name(event.rendition)]
    tracks = [_Source(place.media_prefix(video.home), track) for track in (*wanted, *default_sound(packaged))]
    _write(key, tracks, lay_out([track.read() for track in tracks]))


@dataclass(frozen=True, slots=True)
class _Source:
    """A track in the media bucket."""

    folder: str
    track: MeasuredTrack

    def read(self) -> ProgressiveTrack:
        """Read what its index will say."""
        found = ProgressiveTrack(self.fetch(INIT_SEGMENT))
        for data in _together([(self, number) for number in range(len(self.track.segments))]):
            found.add(data)
        return found

    def segment(self, position: int) -> bytes:
        """Fetch a segment, counted from zero."""
        return self.fetch(f"seg_{self.track.segments[position].number:05d}.m4s")

    def fetch(self, name: str) -> bytes:
        """Fetch one of the track's files."""
        key = f"{self.folder}{self.track.name}/{name}"
        return clients.s3().get_object(Bucket=settings.require("MEDIA_BUCKET"), Key=key)["Body"].read()


def _together(wanted: Sequence[tuple[_Source, int]]) -> Iterator[bytes]:
    """Yield segments in order, a few of them fetched side by side."""
    with ThreadPoolExecutor(FETCHES_AT_ONCE) as threads:
        for start in range(0, len(wanted), FETCHES_AT_ONCE):
            batch = wanted[start : start + FETCHES_AT_ONCE]
            yield from threads.map(lambda each: each[0].segment(each[1]), batch)


def _write(key: str, tracks: Sequence[_Source], layout: Layout) -> None:
    s3, bucket = clients.s3(), settings.require("UPLOADS_BUCKET")
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType="video/mp4")["UploadId"]
    parts: list[CompletedPartTypeDef] = []
    is_complete = False
    try:
        size_bytes = 0
        for number, data in enumerate(_parts(tracks, layout), start=1):
            answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=data)
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
            size_bytes += len(data)
        if size_bytes != layout.size_bytes:
            raise Unfinished
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})
        is_complete = True
    finally:
        if not is_complete:
            # S3 forgets by itself what is left even so, after a week.
            with contextlib.suppress(ClientError):
                s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)


def _parts(tracks: Sequence[_Source], layout: Layout) -> Iterator[bytes]:
    """Yield the file in parts that S3 takes: all of the same size but the last."""
    waiting = bytearray(layout.head)
    for data in _together([(tracks[track], number) for track, number in layout.order]):
        waiting += sample_data(data)
        while len(waiting) >= PART_BYTES:
            yield bytes(waiting[:PART_BYTES])
            del waiting[:PART_BYTES]
    yield bytes(waiting)


def _exists(key: str) -> bool:
    try:
        clients.s3().head_object(Bucket=settings.require("UPLOADS_BUCKET"), Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return False
        raise
    return True
