"""Costs of a transcode: reserved when it is planned, counted when it is packaged."""

import time
from collections.abc import Sequence

from millrace.costs import service as costs
from millrace.costs.cost import ProcessingCost
from millrace.costs.errors import BudgetExceeded
from millrace.costs.model import estimate, total
from millrace.media.plan import EncodePlan
from millrace.platform import settings
from millrace.transcode.failure import UploadRejected
from millrace.transcode.model import Encoded
from millrace.videos.model import Video
from millrace.videos.processing import service

MB_A_GB = 1024
# Lambda tells each function how much it has.
MEMORY = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"


def reserve(video: Video, plan: EncodePlan) -> ProcessingCost:
    """Reserve what the plan will cost, once for an attempt; raises UploadRejected where the budget has no room."""
    cost = estimate(plan, int(settings.require("ENCODE_MEMORY_MB")))
    try:
        costs.reserve(video.owner_id, _attempt(video), round(plan.duration_s * 1000), cost)
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
    costs.settle(video.owner_id, _attempt(video), video.film.duration_ms, estimated, actual)
    cpu_s = round(sum(report.cpu_s for report in reports), 3)
    service.record_cost(video, ProcessingCost(estimated=estimated, actual=actual, cpu_s=cpu_s))


def used_since(started_s: float) -> tuple[float, float]:
    """Return the seconds since that moment of the monotonic clock, and the memory that was held so long, in GB-s."""
    seconds = time.monotonic() - started_s
    return seconds, seconds * int(settings.optional(MEMORY, "0")) / MB_A_GB


def _attempt(video: Video) -> str:
    return costs.attempt_name(video.video_id, video.upload.upload_id, video.attempt)
