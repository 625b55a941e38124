"""Where the bytes of a video lie. The key of a media object is also the path of its URL."""

from dataclasses import dataclass

from millrace.platform.ids import UploadId, VideoId, is_id
from millrace.videos.model import Home, Video

POSTER = "poster.jpg"
# Folders of the uploads bucket that hold something of a video.
SOURCE_FOLDERS = ("uploads", "work", "posters", "pictures", "tracks", "captions", "downloads")
STORYBOARD = "storyboard.vtt"
PREVIEW = "preview.mp4"


@dataclass(frozen=True, slots=True)
class UploadPlace:
    """The two ids that name an upload."""

    video_id: VideoId
    upload_id: UploadId

    @property
    def source_key(self) -> str:
        """The source file, in the uploads bucket."""
        return f"uploads/{self.video_id}/{self.upload_id}/source"

    def work_key(self, name: str) -> str:
        """A file that the workflow's steps hand to each other, in the uploads bucket."""
        return f"work/{self.video_id}/{self.upload_id}/{name}"

    @property
    def tracks_key(self) -> str:
        """What its playlists are made of, in the uploads bucket."""
        return f"tracks/{self.video_id}/{self.upload_id}.json"

    def media_prefix(self, home: Home) -> str:
        """The folder of what viewers get, in the media bucket; ends with a slash."""
        return f"{media_folder(home, self.video_id)}{self.upload_id}/"


def media_folder(home: Home, video_id: VideoId) -> str:
    """Return the folder of all that viewers get of a video, in the media bucket; ends with a slash."""
    return f"media/{home}/{video_id}/"


def source_folders(video_id: VideoId) -> tuple[str, ...]:
    """Return the folders of what is ours alone, in the uploads bucket; they end with a slash."""
    return tuple(f"{folder}/{video_id}/" for folder in SOURCE_FOLDERS)


def picture_key(video_id: VideoId, poster: str) -> str:
    """Return where a custom poster is kept, in the uploads bucket."""
    return f"pictures/{video_id}/{poster}"


def poster_name(poster: str | None) -> str:
    """Return the poster's name in a version's folder: the owner's own, or the one from the film."""
    return f"poster_{poster}" if poster else POSTER


def candidate_name(number: int) -> str:
    """Return the name of a picture that could be the poster, in a version's folder; they count from 1."""
    return f"candidate_{number}.jpg"


def place_of(video: Video) -> UploadPlace:
    """Return the place of the video's current upload."""
    return UploadPlace(video.video_id, video.upload.upload_id)


def parse_source_key(key: str) -> UploadPlace | None:
    """Return whose source file the key is, or None if it is nobody's."""
    match key.split("/"):
        case ["uploads", video_id, upload_id, "source"] if is_id(video_id) and is_id(upload_id):
            return UploadPlace(VideoId(video_id), UploadId(upload_id))
        case _:
            return None
