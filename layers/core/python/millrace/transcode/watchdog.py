"""The watchdog: nothing stays in processing for ever, and nothing is left of what was given up.

It knows of every run, because a run is on its list before its video is in processing. It looks at each every few
minutes, and at once when Step Functions says that an execution ended badly.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from millrace.platform import clients
from millrace.platform.clock import now
from millrace.platform.ids import UploadId, VideoId
from millrace.platform.observability import logger
from millrace.transcode import costing
from millrace.transcode.cancel import stop
from millrace.transcode.failure import OURS, remove_media
from millrace.transcode.runs import store
from millrace.transcode.runs.model import Run
from millrace.transcode.runs.model import execution_arn as arn_of
from millrace.videos.model import Failure, Video, VideoState
from millrace.videos.processing import service

TOO_LONG = Failure(
    code="too_long",
    message="This video took far longer to prepare than it should have, so we stopped. "
    "The upload itself arrived: you can have it processed once more.",
)
LOOK_EVERY = timedelta(minutes=5)
# An encoder may outlive its workflow, and write for as long as Lambda lets it.
ENCODERS_END = timedelta(minutes=16)


def begin(video_id: VideoId, upload_id: UploadId, *, is_anew: bool = False) -> None:
    """Put a run on the list, before its video is in processing. Idempotent."""
    started_at = now()
    store.begin(Run(video_id, upload_id, started_at, started_at + LOOK_EVERY), is_anew=is_anew)


def watch(at: datetime | None = None) -> int:
    """Look at every run that is due; return how many were. Idempotent.

    One that cannot be looked at keeps no other waiting: what went wrong is raised at the end.
    """
    moment = at or now()
    due = [run for run in store.all_runs() if run.look_at <= moment]
    faults = []
    for run in due:
        try:
            _look(run, moment)
        except Exception as fault:  # noqa: BLE001 -- raised below
            faults.append(fault)
    if faults:
        raise ExceptionGroup("runs that could not be looked at", faults)
    return len(due)


def look(video_id: VideoId, upload_id: UploadId, execution_arn: str) -> None:
    """Look at a run whose execution is said to have ended badly; another attempt's is not its business. Idempotent."""
    run = store.find(video_id, upload_id)
    video = service.alive(video_id, upload_id) if run else None
    if run and (video is None or arn_of(video) == execution_arn):
        _look(run, now())


def _look(run: Run, at: datetime) -> None:
    video = service.alive(run.video_id, run.upload_id)
    if video is None:
        return _tidy(run, at)
    if video.state is VideoState.READY:
        return store.end(run)
    status = _status(video)
    if status != "RUNNING":
        logger().error("an execution is gone", video_id=run.video_id, status=status, attempt=video.attempt)
        service.fail(run.video_id, run.upload_id, OURS)
    elif run.is_overdue(video.film, at):
        logger().error("a transcode takes too long", video_id=run.video_id, attempt=video.attempt)
        service.fail(run.video_id, run.upload_id, TOO_LONG)
        stop(video)
    else:
        return store.put_off(replace(run, look_at=at + LOOK_EVERY))
    return _tidy(run, at)


def _tidy(run: Run, at: datetime) -> None:
    """Remove what a run without a future has left, now and once more when nobody can write any longer.

    What it has not used of its budget is given back.
    """
    remove_media(run.place)
    if version := service.known(run.video_id, run.upload_id):
        costing.give_back(version, version.attempt)
    ended_at = run.ended_at or at
    if at >= ended_at + ENCODERS_END:
        store.end(run)
    else:
        store.put_off(replace(run, look_at=ended_at + ENCODERS_END, ended_at=ended_at))


def _status(video: Video) -> str:
    workflows = clients.stepfunctions()
    try:
        return workflows.describe_execution(executionArn=arn_of(video))["status"]
    except workflows.exceptions.ExecutionDoesNotExist:
        return "MISSING"
