"""What can stop a use case of a viewer's library."""

from millrace.library.model import PlaylistId
from millrace.platform.errors import Conflict, NotFound, Unavailable


class PlaylistGone(NotFound):
    """There is no such playlist, or none that the caller may see."""

    slug = "playlist-gone"

    def __init__(self, playlist_id: PlaylistId) -> None:
        super().__init__("There is no such playlist.")
        self.playlist_id = playlist_id


class PlaylistFull(Conflict):
    """The playlist has as many videos as it may."""

    slug = "playlist-full"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A playlist may have {limit} videos.")


class PlaylistChangedMeanwhile(Conflict):
    """The playlist was changed at the same moment."""

    slug = "playlist-changed-meanwhile"

    def __init__(self) -> None:
        super().__init__("The playlist was changed at the same moment. Look at it again.")


class LibraryUnavailable(Unavailable):
    """The tables do not answer."""

    def __init__(self) -> None:
        super().__init__("Your library cannot be reached at the moment. Please try again.")
