"""What can stop a use case of videos."""

from millrace.platform.errors import Conflict, NotFound
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
