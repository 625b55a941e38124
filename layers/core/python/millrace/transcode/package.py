"""Package: playlists and a manifest over the segments that the encoders left."""

from collections.abc import Sequence

from millrace.media.package import MeasuredTrack
from millrace.platform.errors import WorkflowError
from millrace.transcode import costing, work
from millrace.transcode.loudness import store_loudness
from millrace.transcode.model import Encoded, StoredTrack, UploadTask
from millrace.videos import packaging
from millrace.videos.packaging import PLAYLIST_CACHING, Packaged, put_playlists
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service


class EncodersDiffer(WorkflowError):
    """Two chunks of one rendition do not share an init segment: they were made by different builds."""


def package_video(task: UploadTask) -> None:
    """Check that all parts fit together, and write the playlists; the entry points come last. Idempotent.

    Until then the same addresses may have held the beginning of the film.
    """
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    pictures = work.load_all(task.place, [work.chunk_report(chunk.index) for chunk in plan.chunks], Encoded)
    sounds = work.load_all(task.place, [work.audio_report(chunk.index) for chunk in plan.audio_chunks], Encoded)
    picture, sound = (join([report.tracks for report in reports]) for reports in (pictures, sounds))
    packaged = Packaged(plan=plan, video=tuple(measured(picture)), audio=tuple(measured(sound)))
    packaging.keep(task.place, packaged)
    folder = task.place.media_prefix(video.home)
    captions = packaging.put_captions(video, folder, plan)
    put_playlists(folder, packaging.playlists(packaged, captions), PLAYLIST_CACHING)
    store_loudness(video, plan, sounds)
    costing.settle(service.in_processing(task.video_id, task.upload_id), plan, [*pictures, *sounds])


def load_reports(place: UploadPlace, names: Sequence[str]) -> list[tuple[StoredTrack, ...]]:
    """Return the tracks that the encoders left, in the order of the names."""
    return [report.tracks for report in work.load_all(place, names, Encoded)]


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
