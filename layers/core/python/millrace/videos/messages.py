"""What the API takes and gives about videos."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from millrace.platform.errors import Invalid
from millrace.platform.http import Input, Output, decode_cursor, encode_cursor
from millrace.platform.ids import UploadId, UserId, VideoId, is_id
from millrace.videos import service
from millrace.videos.model import MAX_UPLOAD_BYTES, Description, Failure, Title, Video, VideoState, Visibility
from millrace.videos.uploads import MAX_PARTS, OpenUpload


class VideoDraft(Input):
    """A new video, and the file that is about to be uploaded."""

    title: Title
    filename: Annotated[str, Field(min_length=1, max_length=255, examples=["holiday.mp4"])]
    size_bytes: Annotated[int, Field(ge=1, le=MAX_UPLOAD_BYTES, description="The exact size of the file.")]
    visibility: Visibility = Visibility.PUBLIC
    description: Description = ""
    content_type: Annotated[str, Field(max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/octet-stream"


class VideoList(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None


def read_cursor(cursor: str | None) -> VideoId | None:
    """Return the video that the page before ended with; a cursor that is not ours raises Invalid."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    after = key.get("after")
    if not isinstance(after, str) or not is_id(after):
        raise Invalid("cursor", "This cursor is not one that a list gave out.")
    return VideoId(after)


def write_cursor(after: VideoId | None) -> str | None:
    """Return the cursor of the page behind the video; None, the end, stays None."""
    return encode_cursor({"after": after} if after else None)


class UploadPage(Input):
    """Which parts of an upload."""

    first_part: Annotated[int, Field(ge=1, le=MAX_PARTS)] = 1


class PlaybackView(Output):
    """Addresses of a ready video. Those of a private one need the cookies that `POST …/playback` sets."""

    hls_url: str
    dash_url: str
    poster_url: str

    @classmethod
    def of(cls, playback: service.Playback) -> Self:
        """Leave the cookies out: they travel as headers."""
        return cls(hls_url=playback.hls_url, dash_url=playback.dash_url, poster_url=playback.poster_url)


class VideoView(Output):
    """A video as its viewers see it."""

    video_id: VideoId
    owner_id: UserId
    title: str
    description: str
    visibility: Visibility
    state: VideoState
    progress_percent: Annotated[int, Field(ge=0, le=100)]
    failure: Failure | None
    duration_ms: int | None
    width_px: int | None
    height_px: int | None
    renditions: tuple[str, ...]
    playback: PlaybackView | None
    created_at: AwareDatetime
    uploaded_at: AwareDatetime | None
    ready_at: AwareDatetime | None

    @classmethod
    def of(cls, video: Video) -> Self:
        """Show a video to somebody who may know of it."""
        film = video.film
        return cls(
            video_id=video.video_id,
            owner_id=video.owner_id,
            title=video.title,
            description=video.description,
            visibility=video.visibility,
            state=video.state,
            progress_percent=video.progress_percent,
            failure=video.failure,
            duration_ms=film.duration_ms if film else None,
            width_px=film.width_px if film else None,
            height_px=film.height_px if film else None,
            renditions=film.renditions if film else (),
            playback=PlaybackView.of(service.addresses(video)) if video.state is VideoState.READY else None,
            created_at=video.created_at,
            uploaded_at=video.uploaded_at,
            ready_at=video.ready_at,
        )


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
        """Show the page of parts that was asked for."""
        return cls(
            upload_id=video.upload.upload_id,
            part_size_bytes=video.upload.part_size_bytes,
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
