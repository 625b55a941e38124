"""What the API tells of an upload in parts."""

from typing import Self

from pydantic import AwareDatetime

from millrace.platform.http import Output
from millrace.platform.ids import UploadId
from millrace.videos.messages import VideoView
from millrace.videos.model import Video
from millrace.videos.uploads import OpenUpload


class PartView(Output):
    """One part: put its bytes to `url`. With an `etag` S3 has it already."""

    part_number: int
    url: str
    etag: str | None


class UploadView(Output):
    """An open multipart upload: put the parts, then post their ETags to `complete_url`."""

    upload_id: UploadId
    part_size_bytes: int
    part_count: int
    parts: tuple[PartView, ...]
    next_part: int | None
    complete_url: str
    expires_at: AwareDatetime

    @classmethod
    def of(cls, video: Video, upload: OpenUpload) -> Self:
        """Show the page of parts that was asked for, of the newest upload."""
        newest = video.replacement.upload if video.replacement else video.upload
        return cls(
            upload_id=newest.upload_id,
            part_size_bytes=newest.part_size_bytes,
            part_count=upload.part_count,
            parts=tuple(PartView(part_number=p.part_number, url=p.url, etag=p.etag) for p in upload.parts),
            next_part=upload.next_part,
            complete_url=upload.complete_url,
            expires_at=upload.expires_at,
        )


class NewVideo(Output):
    """A video that waits for its file, and where to put it."""

    video: VideoView
    upload: UploadView
