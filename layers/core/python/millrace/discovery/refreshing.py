"""What happens every few minutes: weigh views, rank what is trending, and store the index with all changes in it.

Natural to repeat, and harmless when two do it at once: both come to the same, and the second one's index is dropped.
"""

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from millrace.discovery import popularity, snapshots, store
from millrace.discovery.catching_up import OVERLAP, batches, changed_videos, look_again
from millrace.discovery.errors import SnapshotLost, SnapshotReplaced
from millrace.discovery.index import LAYOUT, Index
from millrace.discovery.model import Ranking, Snapshot
from millrace.discovery.popularity import Popularity
from millrace.discovery.views import HOUR_S
from millrace.platform.clock import now
from millrace.platform.ids import VideoId, first_id_at, new_id
from millrace.platform.observability import logger
from millrace.videos import service as videos

# Without stored scores: what was watched before these hours has little weight anyway.
FIRST_HOURS = 48
# The present hour and the one before: a count that was begun then may end now.
OPEN_HOURS = 2
MAX_TRENDING = 200
# How many videos the index is told a new popularity of at once.
MAX_MOVED = 2000
# Not an id, and before all of them.
FIRST_ID = "0"
# A ranking is written anew in time before it expires.
RANKING_RENEWED_AFTER = timedelta(hours=12)
# As many as are held in memory while an index is made anew.
REBUILT_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was done."""

    trending_count: int
    changed_count: int
    snapshot: Snapshot | None
    """The newly stored index; None where nothing had changed."""


def refresh() -> Refreshed:
    """Do all of it."""
    at = now()
    closed = _closed_hours(popularity.load(), at)
    live = _with_open_hours(closed, at)
    ranking = _rank(live, at)
    try:
        told, changed_count, snapshot = _store_index(live, at)
    except SnapshotReplaced:
        logger().warning("another index was stored meanwhile")
        return Refreshed(len(ranking.video_ids), 0, None)
    # Last: until here everything can be done once more.
    popularity.save(replace(closed, indexed=live.told(told).indexed))
    return Refreshed(len(ranking.video_ids), changed_count, snapshot)


def _closed_hours(stored: Popularity | None, at: datetime) -> Popularity:
    """Return the scores with every hour in which nothing is counted any more."""
    last = int(at.timestamp()) // HOUR_S - OPEN_HOURS
    scores = stored or Popularity(last - FIRST_HOURS)
    kept_from = last - int(store.VIEWS_KEPT.total_seconds()) // HOUR_S
    for hour in range(max(scores.hour + 1, kept_from), last + 1):
        scores = scores.after(hour, store.views_of(hour))
    return scores


def _with_open_hours(scores: Popularity, at: datetime) -> Popularity:
    present = int(at.timestamp()) // HOUR_S
    for hour in range(scores.hour + 1, present + 1):
        scores = scores.after(hour, store.views_of(hour))
    return scores


def _rank(scores: Popularity, at: datetime) -> Ranking:
    """Store what is trending, unless the newest ranking says the same."""
    candidates = scores.trending(MAX_TRENDING)
    public: set[VideoId] = set()
    for ids in batches(candidates):
        public |= set(videos.get_public(ids))
    ranked = tuple(video_id for video_id in candidates if video_id in public)
    newest = store.newest_ranking()
    renewed_from = first_id_at(at - RANKING_RENEWED_AFTER)
    if newest is not None and newest.video_ids == ranked and newest.ranking_id > renewed_from:
        return newest
    ranking = Ranking(new_id(), ranked)
    store.save_ranking(ranking)
    return ranking


def _store_index(scores: Popularity, at: datetime) -> tuple[Mapping[VideoId, float], int, Snapshot | None]:
    """Store the index with all changes and new scores in it.

    Returns the scores that it was told, and how many videos were looked at. Raises SnapshotReplaced.
    """
    before = store.snapshot()
    usable = before if before is not None and before.layout == LAYOUT else None
    try:
        return _store_index_after(before, usable, scores, at)
    except SnapshotLost:
        logger().warning("the stored index is lost and made anew")
        return _store_index_after(before, None, scores, at)


def _store_index_after(
    before: Snapshot | None, usable: Snapshot | None, scores: Popularity, at: datetime
) -> tuple[Mapping[VideoId, float], int, Snapshot | None]:
    """Go on from the usable index, or make one anew; it takes the place of `before`."""
    changes, _ = store.changes_from(first_id_at(usable.covers_until - OVERLAP) if usable else FIRST_ID)
    told = scores.moved(MAX_MOVED) if usable else scores.lasting
    # What lies in the overlap alone was there the last time.
    if usable and not told and all(change.change_id < first_id_at(usable.covers_until) for change in changes):
        return {}, 0, None
    with tempfile.TemporaryDirectory(prefix="index-") as name:
        folder = Path(name)
        if usable:
            snapshots.load(usable.snapshot_id, folder)
        index = Index(folder)
        changed = {video_id for change in changes for video_id in changed_videos(index, change)} | set(told)
        if not usable:
            changed |= set(store.all_listed())
        _look_at_all(index, changed, told)
        snapshot_id = new_id()
        size_bytes = snapshots.save(snapshot_id, folder)
        after = Snapshot(snapshot_id, LAYOUT, at, index.video_count, size_bytes)
    store.replace_snapshot(before, after)
    snapshots.remove_old()
    return told, len(changed), after


def _look_at_all(index: Index, changed: Collection[VideoId], scores: Mapping[VideoId, float]) -> None:
    left = iter(sorted(changed))
    while some := list(islice(left, REBUILT_AT_ONCE)):
        look_again(index, some, {video_id: scores[video_id] for video_id in some if video_id in scores})
