"""Where the bytes of a live stream lie. The key of a media object is also the path of its URL.

A segment's name has its period in it: an ingest that lost the session, and does not know it yet, writes into a period
that nobody continues, so it can never overwrite what its successor stores. Parts have running numbers for the same
reason that they have them at all (a preload hint has to be right before anybody knows whether the segment ends), and a
successor leaves a gap in them (`edge.model.PARTS_BETWEEN_INGESTS`).
"""

from dataclasses import dataclass

from millrace.platform.ids import LiveSessionId, UploadId, VideoId
from millrace.videos.model import Home
from millrace.videos.places import UploadPlace

PARTS_FOLDER = "live-parts"


@dataclass(frozen=True, slots=True)
class LivePlace:
    """What names the media of a session; its segments are those of the recording already."""

    home: Home
    video_id: VideoId
    session_id: LiveSessionId

    @property
    def prefix(self) -> str:
        """The folder that stays, in the media bucket; ends with a slash."""
        return UploadPlace(self.video_id, UploadId(self.session_id)).media_prefix(self.home)

    @property
    def parts_prefix(self) -> str:
        """The folder of parts, which expire after a day; ends with a slash."""
        return f"media/{self.home}/{PARTS_FOLDER}/{self.session_id}/"

    def init_key(self, track: str, period: int) -> str:
        """The init segment of a track in a period."""
        return f"{self.prefix}{track}/{init_name(period)}"

    def segment_key(self, track: str, period: int, number: int) -> str:
        """A whole segment: the exact concatenation of its parts."""
        return f"{self.prefix}{track}/{segment_name(period, number)}"

    def part_key(self, track: str, number: int) -> str:
        """A part; parts are numbered per track, over the whole session."""
        return f"{self.parts_prefix}{track}/part_{number:07d}.m4s"


def init_name(period: int) -> str:
    """Return an init segment's name in its track's folder."""
    return f"init_{period}.mp4"


def segment_name(period: int, number: int) -> str:
    """Return a segment's name in its track's folder."""
    return f"seg_{period}_{number:05d}.m4s"
