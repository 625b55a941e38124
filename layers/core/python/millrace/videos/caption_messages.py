"""What the API takes and gives about captions."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field

from millrace.platform.http import Input, Output
from millrace.platform.text import one_line
from millrace.videos.caption import CaptionKind
from millrace.videos.model import Video
from millrace.videos.playback import caption_url

# Ten hours of dense talk are half of it.
MAX_TEXT_CHARACTERS = 1_000_000
# What viewers choose by. Quotation marks cannot stand in a playlist.
Label = Annotated[
    str, Field(min_length=1, max_length=60, pattern=r'^[^"]+$'), AfterValidator(one_line), Field(min_length=1)
]


class CaptionInput(Input):
    """Captions in one language: an SRT or WebVTT file as text, and how viewers read of it in the menu."""

    label: Annotated[Label, Field(examples=["English"])]
    kind: Annotated[CaptionKind, Field(description="`captions` tell sounds too; `subtitles` only what is said.")] = (
        "captions"
    )
    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_TEXT_CHARACTERS,
            examples=["1\n00:00:01,000 --> 00:00:02,500\nGood morning.\n"],
        ),
    ]


class CaptionView(Output):
    """Captions in one language. Players find them in the playlists; `url` is the whole text as WebVTT."""

    language: str
    label: str
    kind: CaptionKind
    url: Annotated[str | None, Field(description="Null until the video is ready.")]


class CaptionList(Output):
    """All captions of a video, by language."""

    items: tuple[CaptionView, ...]

    @classmethod
    def of(cls, video: Video) -> Self:
        """Show a video's captions."""
        shown = (
            CaptionView(**caption.model_dump(include={"language", "label", "kind"}), url=caption_url(video, caption))
            for caption in video.captions
        )
        return cls(items=tuple(shown))
