"""What can stop a download."""

from millrace.platform.errors import NotFound
from millrace.platform.ids import VideoId


class DownloadNotAsked(NotFound):
    """Nobody has asked for this download, or it has expired."""

    slug = "download-not-asked"

    def __init__(self, video_id: VideoId) -> None:
        super().__init__("There is no such download. Ask for it first; it is kept for a week.")
        self.video_id = video_id
