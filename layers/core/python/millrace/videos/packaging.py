"""Playlists and captions of a version: what they are made of, kept as long as the version, and how they are written.

uploads bucket   tracks/<video_id>/<upload_id>.json
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from millrace.media import webvtt
from millrace.media.package import CAPTIONS_FILE, MANIFEST, MeasuredTrack, package
from millrace.media.plan import EncodePlan
from millrace.platform import clients, settings
from millrace.platform.observability import logger
from millrace.videos.caption import Caption
from millrace.videos.model import Video
from millrace.videos.places import UploadPlace

HLS_TYPE = "application/vnd.apple.mpegurl"
DASH_TYPE = "application/dash+xml"
VTT_TYPE = "text/vtt"
# Complete playlists change only when captions do; short enough to mend a mistake.
PLAYLIST_CACHING = "public, max-age=60"
# A folder of captions is named by its text.
CAPTION_CACHING = "public, max-age=31536000, immutable"
UPLOADS_AT_ONCE = 8
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
    stored = _read(place.tracks_key)
    return None if stored is None else Packaged.model_validate_json(stored)


def playlists(packaged: Packaged, captions: Iterable[Caption]) -> dict[str, str]:
    """Return every playlist of the film with these captions, by its path below the version's folder."""
    return package(packaged.plan, packaged.video, packaged.audio, [caption.track for caption in captions])


def put_captions(video: Video, folder: str, plan: EncodePlan, there: Iterable[str] = ()) -> list[Caption]:
    """Write the captions' texts below the folder, but for those that are there; return all that are there then.

    A text that was taken away this very moment is left out.
    """
    found = []
    present = set(there)
    for caption in video.captions:
        if caption.folder in present:
            found.append(caption)
            continue
        text = _read(caption.source_key(video.video_id))
        if text is None:
            logger().info("captions that are no longer there", video_id=video.video_id, language=caption.language)
            continue
        cues = webvtt.parse(text.decode())
        pieces = webvtt.write_segments(cues, plan.duration_s)
        named = {f"seg_{number:05d}.vtt": piece for number, piece in enumerate(pieces, start=1)}
        _put_texts(f"{folder}{caption.folder}/", {**named, CAPTIONS_FILE: text.decode()})
        found.append(caption)
    return found


def _put_texts(folder: str, texts: Mapping[str, str]) -> None:
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
        for _ in threads.map(lambda name: _put(folder + name, texts[name], VTT_TYPE, CAPTION_CACHING), texts):
            pass


def put_playlists(folder: str, files: Mapping[str, str], caching: str) -> None:
    """Write playlists and manifests below the folder, the entry points last: they name the others."""
    for name in sorted(files, key=lambda name: "/" not in name):
        _put(folder + name, files[name], DASH_TYPE if name == MANIFEST else HLS_TYPE, caching)


def _put(key: str, text: str, content_type: str, caching: str) -> None:
    clients.s3().put_object(
        Bucket=settings.require("MEDIA_BUCKET"),
        Key=key,
        Body=text.encode(),
        ContentType=content_type,
        CacheControl=caching,
    )


def _read(key: str) -> bytes | None:
    """Read a file of ours in the uploads bucket; None if it is not there."""
    try:
        answer = clients.s3().get_object(Bucket=settings.require("UPLOADS_BUCKET"), Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise
    return answer["Body"].read()
