"""A film on disk, as the media bucket would hold it: made by our own plan, encoder and packager."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from millrace.media.package import MeasuredTrack
from millrace.media.plan import EncodePlan
from tests.media_fixtures import FFMPEG, make_clip
from tests.media_fixtures.transcoding import transcode


@dataclass(frozen=True, slots=True)
class Film:
    """What is known of a film before it is played; `folder` holds playlists, manifest and segments."""

    folder: Path
    plan: EncodePlan
    tracks: Mapping[str, MeasuredTrack]

    @property
    def frame_rate(self) -> Fraction:
        """Return frames a second."""
        return self.plan.frame_rate

    @property
    def duration_s(self) -> float:
        """Return how long the film runs."""
        return float(self.plan.frame_count / self.plan.frame_rate)

    def time_of(self, number: int) -> float:
        """Return the middle of a frame's time on screen, in seconds."""
        return float((number + Fraction(1, 2)) / self.frame_rate)


# Not a whole number of AAC frames: as in most films, the sound ends a few milliseconds after the picture.
SECONDS = 12
FRAME_RATE = 25


def make_film(folder: Path) -> Film:
    """Make a clip of numbered frames and transcode it to two renditions."""
    clip = make_clip(folder / "clip.mp4", seconds=SECONDS, size=(426, 240), rate=FRAME_RATE)
    made = transcode(clip, folder / "film")
    film = Film(made.folder, made.plan, made.tracks)
    poster = (FFMPEG, "-nostdin", "-v", "error", "-i", str(clip), "-frames:v", "1", str(film.folder / "poster.jpg"))
    subprocess.run(poster, check=True, timeout=60)
    return film
