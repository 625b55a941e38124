"""Count views: each viewer of a video once a day."""

import random
from collections.abc import Iterable

from millrace.discovery import store
from millrace.platform.clock import now
from millrace.platform.events import VideoViewed
from millrace.platform.ids import VideoId

HOUR_S = 3600


def hour_now() -> int:
    """Return the hour that views are counted in, from 1970."""
    return int(now().timestamp()) // HOUR_S


def count(views: Iterable[VideoViewed]) -> int:
    """Count viewers, and return how many were new. A view that comes twice, or again on that day, counts once."""
    viewers: dict[VideoId, list[str]] = {}
    for view in views:
        viewers.setdefault(view.video_id, []).append(view.viewer)
    partition = random.randrange(store.VIEWS_PARTITIONS)
    counted = 0
    for video_id, names in viewers.items():
        for start in range(0, len(names), store.MAX_VIEWERS_AT_ONCE):
            some = names[start : start + store.MAX_VIEWERS_AT_ONCE]
            counted += store.count_views(video_id, some, hour_now(), partition)
    return counted
