"""Package: playlists and a manifest over the segments that the encoders left."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from millrace.media.package import MANIFEST, MeasuredTrack, package
from millrace.media.plan import EncodePlan
from millrace.platform import clients, settings
from millrace.platform.errors import WorkflowError
from millrace.transcode import work
from millrace.transcode.model import Encoded, StoredTrack, UploadTask
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service

HLS_TYPE = "application/vnd.apple.mpegurl"
DASH_TYPE = "application/dash+xml"
# Complete playlists change only when a video is replaced, and then under another name; short enough to mend a mistake.
PLAYLIST_CACHING = "public, max-age=60"

# An hour of film has hundreds of chunks, and S3 takes its time for each report.
READS_AT_ONCE = 16


class EncodersDiffer(WorkflowError):
    """Two chunks of one rendition do not share an init segment: they were made by different builds."""


def package_video(task: UploadTask) -> None:
    """Check that all parts fit together, and write the playlists; the entry points come last. Idempotent."""
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    files = package(plan, _picture(task.place, plan), _sound(task.place, plan))
    folder = task.place.media_prefix(video.home)
    for name in sorted(files, key=lambda name: "/" not in name):
        clients.s3().put_object(
            Bucket=settings.require("MEDIA_BUCKET"),
            Key=folder + name,
            Body=files[name].encode(),
            ContentType=DASH_TYPE if name == MANIFEST else HLS_TYPE,
            CacheControl=PLAYLIST_CACHING,
        )


def _picture(place: UploadPlace, plan: EncodePlan) -> list[MeasuredTrack]:
    return _tracks(place, [work.chunk_report(chunk.index) for chunk in plan.chunks])


def _sound(place: UploadPlace, plan: EncodePlan) -> list[MeasuredTrack]:
    return _tracks(place, [work.audio_report(chunk.index) for chunk in plan.audio_chunks])


def _tracks(place: UploadPlace, names: Sequence[str]) -> list[MeasuredTrack]:
    with ThreadPoolExecutor(READS_AT_ONCE) as threads:
        reports = list(threads.map(lambda name: work.load(place, name, Encoded), names))
    return [_joined(parts) for parts in zip(*(report.tracks for report in reports), strict=True)]


def _joined(parts: Sequence[StoredTrack]) -> MeasuredTrack:
    """Join what the chunks hold of one rendition."""
    first = parts[0]
    if any((part.init_sha256, part.track.name) != (first.init_sha256, first.track.name) for part in parts):
        raise EncodersDiffer(first.track.name)
    segments = tuple(segment for part in parts for segment in part.track.segments)
    return first.track.model_copy(update={"segments": segments})
