"""Captions of a video: what its owner says in one language, and where that lies.

uploads bucket   captions/<video_id>/<language>-<revision>.vtt      as we wrote it down
media bucket     <the version's folder>/captions/<language>-<revision>/…    whole, and in pieces for HLS
"""

from collections.abc import Iterable
from typing import Literal

from millrace.media.package import CaptionTrack
from millrace.platform.errors import Invalid
from millrace.platform.ids import VideoId
from millrace.videos.fact import Fact

# As many languages as anybody translates into, and the record stays small.
MAX_CAPTIONS = 50
FOLDER = "captions/"

CaptionKind = Literal["captions", "subtitles"]


class Caption(Fact):
    """Captions in one language; another text is another revision, so its files have names of their own."""

    language: str
    label: str
    kind: CaptionKind
    revision: str

    @property
    def folder(self) -> str:
        """Return its folder, below a version's folder."""
        return f"{FOLDER}{self.language}-{self.revision}"

    @property
    def track(self) -> CaptionTrack:
        """Return what playlists say of it."""
        return CaptionTrack(language=self.language, label=self.label, folder=self.folder, kind=self.kind)

    def source_key(self, video_id: VideoId) -> str:
        """Return where it is kept, in the uploads bucket."""
        return f"{FOLDER}{video_id}/{self.language}-{self.revision}.vtt"


def with_caption(captions: Iterable[Caption], new: Caption) -> tuple[Caption, ...]:
    """Return the captions with a new or another one; raises Invalid where viewers could not tell two apart."""
    others = [caption for caption in captions if caption.language != new.language]
    if any(caption.label == new.label for caption in others):
        raise Invalid("label", "Captions in another language have this name already. Choose another one.")
    if len(others) >= MAX_CAPTIONS:
        raise Invalid("language", f"A video can have captions in {MAX_CAPTIONS} languages.")
    return tuple(sorted([*others, new], key=lambda caption: caption.language))
