"""What can stop a use case of videos."""

from millrace.platform.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from millrace.platform.ids import VideoId


class VideoGone(NotFound):
    """There is no such video, or none that the caller may know of."""

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("There is no such video.")
        self.video_id = video_id


class UploadClosed(Conflict):
    """The upload is complete, or another one took its place."""

    slug = "upload-closed"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("The upload of this video is finished; it takes no more parts.")
        self.video_id = video_id


class NotPlayable(Conflict):
    """The video is not ready yet, or never will be."""

    slug = "not-playable"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("This video is not ready to play.")
        self.video_id = video_id


class StillProcessing(Conflict):
    """The video's first file is not processed yet, so there is nothing to replace."""

    slug = "still-processing"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("This video's file is still on its way. Wait until it is ready, or delete the video.")
        self.video_id = video_id


class NothingToRetry(Conflict):
    """Nothing of this video has failed, or its source never arrived."""

    slug = "nothing-to-retry"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("There is no failed processing of this video that could be tried again.")
        self.video_id = video_id


class NothingToCancel(Conflict):
    """Nothing of this video is in processing."""

    slug = "nothing-to-cancel"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("Nothing of this video is being processed.")
        self.video_id = video_id


class ChangedMeanwhile(Conflict):
    """Somebody else changed the video at the same moment."""

    slug = "changed-meanwhile"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("The video was changed by somebody else at the same moment. Look again and retry.")
        self.video_id = video_id


class IsTakenDown(Conflict):
    """A moderator took the video down, so its owner cannot publish it."""

    slug = "taken-down"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("This video was taken down by a moderator. It cannot be published.")
        self.video_id = video_id


class NotHere(Forbidden):
    """The owner does not allow the video to be watched from here."""

    slug = "not-here"

    def __init__(self, video_id: VideoId, message: str) -> None:
        super().__init__(message)
        self.video_id = video_id


class PosterMissing(Conflict):
    """The picture was not uploaded, or too long ago; or the film has no such candidate."""

    slug = "poster-missing"

    def __init__(self) -> None:
        super().__init__("There is no such picture. Upload it first, or choose one of the video's own posters.")


class PosterRejected(Invalid):
    """The uploaded file is not a picture that can be a poster."""

    slug = "poster-rejected"

    def __init__(self, message: str) -> None:
        super().__init__("poster_id", message)


class VideosUnavailable(Unavailable):
    """The table does not answer."""

    def __init__(self) -> None:
        super().__init__("Videos cannot be reached at the moment. Please try again.")
