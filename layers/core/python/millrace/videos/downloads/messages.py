"""What the API takes and gives about downloads."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from millrace.platform.http import Input, Output
from millrace.videos.downloads.service import Download, DownloadState


class DownloadWish(Input):
    """Which rendition to download."""

    rendition: Annotated[
        str | None,
        Field(pattern=r"^[0-9]{1,4}p$", description="One of the video's `renditions`; the best if left out."),
    ] = None


class DownloadView(Output):
    """A video as one MP4 file. While it is `preparing`, ask again; `failed`: ask for it anew."""

    state: DownloadState
    rendition: str
    size_bytes: int | None
    url: Annotated[str | None, Field(description="Where the file is, once it is ready, until `expires_at`.")]
    expires_at: AwareDatetime | None

    @classmethod
    def of(cls, download: Download) -> Self:
        """Show how far it is."""
        return cls.model_validate({name: getattr(download, name) for name in cls.model_fields})
