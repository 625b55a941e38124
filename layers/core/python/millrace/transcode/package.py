"""Package: playlists and a manifest over the segments that the encoders left."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from millrace.media.package import MeasuredTrack
from millrace.platform.errors import WorkflowError
from millrace.transcode import costing, work
from millrace.transcode.loudness import store_loudness
from millrace.transcode.model import Encoded, StoredTrack, UploadTask
from millrace.videos import packaging
from millrace.videos.packaging import PLAYLIST_CACHING, Packaged, put_playlists
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service

# An hour of film has hundreds of chunks, and S3 takes its time for each report.
READS_AT_ONCE = 16


class EncodersDiffer(WorkflowError):
    """Two chunks of one rendition do not share an init segment: they were made by different builds."""


def package_video(task: UploadTask) -> None:
    """Check that all parts fit together, and write the playlists; the entry points come last. Idempotent.

    Until then the same addresses may have held the beginning of the film.
    """
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    pictures = load_encoded(task.place, [work.chunk_report(chunk.index) for chunk in plan.chunks])
    sounds = load_encoded(task.place, [work.audio_report(chunk.index) for chunk in plan.audio_chunks])
    picture, sound = (join([report.tracks for report in reports]) for reports in (pictures, sounds))
    packaged = Packaged(plan=plan, video=tuple(measured(picture)), audio=tuple(measured(sound)))
    packaging.keep(task.place, packaged)
    folder = task.place.media_prefix(video.home)
    captions = packaging.put_captions(video, folder, packaged)
    put_playlists(folder, packaging.playlists(packaged, captions), PLAYLIST_CACHING)
    store_loudness(video, task.place, plan)
    costing.settle(service.in_processing(task.video_id, task.upload_id), plan, [*pictures, *sounds])


def load_reports(place: UploadPlace, names: Sequence[str]) -> list[tuple[StoredTrack, ...]]:
    """Return the tracks that the encoders left, in the order of the names."""
    return [report.tracks for report in load_encoded(place, names)]


def load_encoded(place: UploadPlace, names: Sequence[str]) -> list[Encoded]:
    """Return what the encoders told, in the order of the names."""
    with ThreadPoolExecutor(READS_AT_ONCE) as threads:
        return list(threads.map(lambda name: work.load(place, name, Encoded), names))


def join(parts: Sequence[tuple[StoredTrack, ...]]) -> tuple[StoredTrack, ...]:
    """Join the tracks of parts that follow each other; raises EncodersDiffer."""
    return tuple(_joined(of_one_track) for of_one_track in zip(*parts, strict=True))


def _joined(parts: Sequence[StoredTrack]) -> StoredTrack:
    first = parts[0]
    if any((part.init_sha256, part.track.name) != (first.init_sha256, first.track.name) for part in parts):
        raise EncodersDiffer(first.track.name)
    segments = tuple(segment for part in parts for segment in part.track.segments)
    return first.model_copy(update={"track": first.track.model_copy(update={"segments": segments})})


def measured(tracks: Sequence[StoredTrack]) -> list[MeasuredTrack]:
    """Return what playlists are made of."""
    return [stored.track for stored in tracks]
