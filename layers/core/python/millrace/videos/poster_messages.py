"""What the API takes and gives about custom posters."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from millrace.media.picture import PictureKind
from millrace.media.storyboard import MAX_POSTERS
from millrace.platform.errors import Invalid
from millrace.platform.http import Input, Output
from millrace.platform.ids import ID_PATTERN
from millrace.videos.posters import MAX_POSTER_BYTES, OpenPoster


class PosterDraft(Input):
    """The picture that is about to be uploaded, as it is."""

    content_type: PictureKind
    size_bytes: Annotated[int, Field(ge=1, le=MAX_POSTER_BYTES, description="The exact size of the file.")]


class PosterUpload(Output):
    """Put the file to `url` with exactly these headers, then choose `poster_id`."""

    poster_id: str
    url: str
    headers: dict[str, str]
    expires_at: AwareDatetime

    @classmethod
    def of(cls, upload: OpenPoster) -> Self:
        """Show where to put the picture."""
        return cls(poster_id=upload.poster_id, url=upload.url, headers=upload.headers, expires_at=upload.expires_at)


class PosterChoice(Input):
    """The picture to show: one that was uploaded, or one that was drawn from the film."""

    poster_id: Annotated[str | None, Field(pattern=f"^{ID_PATTERN}$", description="An uploaded picture.")] = None
    candidate: Annotated[
        int | None,
        Field(
            ge=1,
            le=MAX_POSTERS,
            description="Which of the film's own `posters`, counted from 1.",
            # Beside the example of the other one: exactly one is named.
            examples=[None],
        ),
    ] = None

    def require_one(self) -> None:
        """Raise Invalid unless exactly one picture is named."""
        if (self.poster_id is None) == (self.candidate is None):
            raise Invalid("poster_id", "Name one picture: either poster_id or candidate.")
