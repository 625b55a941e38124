"""Costs of a transcode: reserved when it is planned, counted when it is packaged."""

import time
from collections.abc import Sequence

from millrace.costs import service as costs
from millrace.costs.cost import Cost, ProcessingCost
from millrace.costs.errors import BudgetExceeded
from millrace.costs.model import estimate, tasks_of, total
from millrace.media.plan import EncodePlan
from millrace.platform import settings
from millrace.transcode import work
from millrace.transcode.failure import UploadRejected
from millrace.transcode.model import Encoded
from millrace.transcode.tools import memory_mb
from millrace.videos.model import Video
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service

MB_A_GB = 1024


def reserve(video: Video, plan: EncodePlan) -> ProcessingCost:
    """Reserve what the plan will cost, once for an attempt; raises UploadRejected where the budget has no room."""
    cost = _estimate(plan)
    try:
        costs.reserve(video.owner_id, _attempt(video, video.attempt), round(plan.duration_s * 1000), cost)
    except BudgetExceeded as error:
        raise UploadRejected("budget", error.message) from error
    return ProcessingCost(estimated=cost)


def settle(video: Video, plan: EncodePlan, reports: Sequence[Encoded]) -> None:
    """Note what the encoders took, and count that instead of the estimate. Idempotent."""
    if video.film is None or video.film.processing_cost is None:
        return
    gb_s, function_s = sum(report.gb_s for report in reports), sum(report.function_s for report in reports)
    actual = total(plan, gb_s, function_s)
    estimated = video.film.processing_cost.estimated
    costs.settle(video.owner_id, _attempt(video, video.attempt), video.film.duration_ms, estimated, actual)
    cpu_s = round(sum(report.cpu_s for report in reports), 3)
    service.record_cost(video, ProcessingCost(estimated=estimated, actual=actual, cpu_s=cpu_s))


def give_back(video: Video, attempt: int) -> None:
    """Count what an attempt took that came to nothing, instead of its estimate. Idempotent.

    Encoders that were at work when it ended cannot tell: as many as there may have been count as estimated.
    """
    name = _attempt(video, attempt)
    if not costs.is_reserved(video.owner_id, name):
        return
    place = UploadPlace(video.video_id, video.upload.upload_id)
    plan = work.load_plan(place)
    estimated = _estimate(plan)
    reports = work.load_all(place, work.reports(place), Encoded)
    tasks, parallel = tasks_of(plan), int(settings.require("TRANSCODE_CONCURRENCY"))
    # The beginning is encoded alone.
    unfinished = min(tasks - len(reports), parallel if reports else 1)
    gb_s = sum(report.gb_s for report in reports) + estimated.gb_s * unfinished / tasks
    function_s = sum(report.function_s for report in reports)
    actual = total(plan, gb_s, function_s, done=len(reports) + unfinished)
    costs.settle(video.owner_id, name, round(plan.duration_s * 1000), estimated, actual)


def _estimate(plan: EncodePlan) -> Cost:
    return estimate(plan, int(settings.require("ENCODE_MEMORY_MB")))


def used_since(started_s: float) -> tuple[float, float]:
    """Return the seconds since that moment of the monotonic clock, and the memory that was held so long, in GB-s."""
    seconds = time.monotonic() - started_s
    return seconds, seconds * memory_mb() / MB_A_GB


def _attempt(video: Video, attempt: int) -> str:
    return costs.attempt_name(video.video_id, video.upload.upload_id, attempt)
