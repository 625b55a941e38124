"""What the playlists of a version are made of, kept for as long as the version: for captions and for downloads.

uploads bucket   tracks/<video_id>/<upload_id>.json
"""

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from millrace.media.package import MeasuredTrack
from millrace.media.plan import EncodePlan
from millrace.platform import clients, settings
from millrace.videos.places import UploadPlace

# Without the right to list, S3 says of a missing object that it is forbidden.
MISSING = frozenset({"NoSuchKey", "AccessDenied", "404", "403"})


class Packaged(BaseModel):
    """A whole film: its plan, and the measured segments of every track."""

    model_config = ConfigDict(frozen=True)

    plan: EncodePlan
    video: tuple[MeasuredTrack, ...]
    audio: tuple[MeasuredTrack, ...]


def keep(place: UploadPlace, packaged: Packaged) -> None:
    """Store it; a repeated step writes the same again."""
    clients.s3().put_object(
        Bucket=settings.require("UPLOADS_BUCKET"),
        Key=place.tracks_key,
        Body=packaged.model_dump_json().encode(),
        ContentType="application/json",
    )


def find(place: UploadPlace) -> Packaged | None:
    """Return it; None for a version that is not packaged yet, or was before this was kept."""
    try:
        answer = clients.s3().get_object(Bucket=settings.require("UPLOADS_BUCKET"), Key=place.tracks_key)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise
    return Packaged.model_validate_json(answer["Body"].read())
