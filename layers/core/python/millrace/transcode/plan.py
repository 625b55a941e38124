"""Plan: the ladder, and where the film is cut into chunks."""

from millrace.media.complexity import fit_ladder
from millrace.media.notes import notes_of
from millrace.media.plan import EncodePlan, make_plan
from millrace.platform import settings
from millrace.transcode import costing, work
from millrace.transcode.failure import refusals
from millrace.transcode.model import Planned, ProbedSource, UploadTask
from millrace.videos.model import Film, Video
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service


def plan_encode(task: UploadTask) -> Planned:
    """Make the plan that every later step works by. Idempotent: the same source makes the same plan."""
    video = service.in_processing(task.video_id, task.upload_id)
    _end_last_attempt(video, task.place)
    probed = work.load(task.place, work.SOURCE, ProbedSource)
    with refusals():
        plan = make_plan(probed.source, probed.timeline, parallelism=int(settings.require("TRANSCODE_CONCURRENCY")))
    if probed.complexity:
        plan = fit_ladder(plan, probed.complexity)
    # Whoever gives back what was reserved finds the plan.
    work.save(task.place, work.PLAN, plan)
    cost = costing.reserve(video, plan)
    film = film_of(plan, notes_of(probed.source, probed.timeline, plan)).model_copy(update={"processing_cost": cost})
    service.record_film(task.video_id, task.upload_id, film)
    return Planned(
        chunks=tuple(chunk.index for chunk in plan.chunks),
        audio_chunks=tuple(chunk.index for chunk in plan.audio_chunks),
    )


def _end_last_attempt(video: Video, place: UploadPlace) -> None:
    """Give back what the attempt before this has not used, and remove what its encoders have told."""
    if video.attempt > 1:
        costing.give_back(video, video.attempt - 1)
        work.forget(place, [*work.reports(place), work.PART_FAILURE])


def film_of(plan: EncodePlan, notes: tuple[str, ...] = ()) -> Film:
    """Return what the owner is told of the plan."""
    largest = plan.renditions[0]
    return Film(
        duration_ms=round(plan.duration_s * 1000),
        frame_rate=plan.frame_rate,
        width_px=largest.width,
        height_px=largest.height,
        has_audio=bool(plan.audio),
        renditions=tuple(f"{rendition.short_side}p" for rendition in plan.renditions),
        chunk_count=len(plan.chunks),
        notes=notes,
    )
