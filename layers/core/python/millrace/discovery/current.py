"""The index that this container answers from, and how it stays current.

A cold start takes the newest stored index from S3. Then, once a second at most, one query of the table tells what
has changed; those videos are read and put into the container's own copy. So a published video is found a second
after its event, nothing has to be written to S3 for that, and writers never wait for each other.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from millrace.discovery import snapshots, store
from millrace.discovery.catching_up import OVERLAP, catch_up
from millrace.discovery.errors import DiscoveryUnavailable, SnapshotLost
from millrace.discovery.index import LAYOUT, Index
from millrace.discovery.model import Change, Snapshot
from millrace.platform.clock import now
from millrace.platform.ids import first_id_at
from millrace.platform.observability import logger

FRESH_FOR = timedelta(seconds=1)
# Popularity comes with stored indexes only, and small additions make a copy slower.
SNAPSHOT_KEPT = timedelta(hours=1)
# So many changes are taken in within one request; an import of thousands takes a few.
MAX_CHANGES_AT_ONCE = 500
# Before the first change that there could be.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class Current:
    """One index, and what of the changes is in it."""

    def __init__(self, snapshot: Snapshot | None, *, lost_id: str = "") -> None:
        """Begin with a stored index, or with none at all; `lost_id` is one that need not be tried again."""
        self._folder = tempfile.TemporaryDirectory(prefix="index-")
        if snapshot is not None:
            try:
                snapshots.load(snapshot.snapshot_id, Path(self._folder.name))
            except (DiscoveryUnavailable, SnapshotLost):
                self.close()
                raise
        self.index = Index(Path(self._folder.name))
        self._snapshot = snapshot
        self._lost_id = lost_id
        self._covered_until = snapshot.covers_until if snapshot else _BEGINNING
        self._applied: set[str] = set()
        self._looked_at = self._covered_until

    def is_fresh(self, at: datetime) -> bool:
        """Whether it was brought up to date a moment ago."""
        return at - self._looked_at < FRESH_FOR

    def is_outdated_by(self, newest: Snapshot | None) -> bool:
        """Whether it is time to begin anew with a newer stored index."""
        if newest is None or newest.layout != LAYOUT:
            return False
        if self._snapshot is None:
            return newest.snapshot_id != self._lost_id
        return newest.covers_until - self._snapshot.covers_until > SNAPSHOT_KEPT

    def refresh(self, at: datetime) -> Snapshot | None:
        """Take in what has changed and return the newest snapshot."""
        changes, newest = store.changes_from(first_id_at(self._covered_until - OVERLAP))
        waiting = [change for change in changes if change.change_id not in self._applied]
        taken = waiting[:MAX_CHANGES_AT_ONCE]
        catch_up(self.index, taken)
        self._remember(changes, taken, is_all=len(taken) == len(waiting), at=at)
        return newest

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def _remember(self, seen: list[Change], taken: list[Change], *, is_all: bool, at: datetime) -> None:
        """Forget changes that will not be read again: everything behind the overlap."""
        self._applied |= {change.change_id for change in taken}
        if is_all:
            self._covered_until = self._looked_at = at
            self._applied &= {change.change_id for change in seen}


@cache
def _held() -> list[Current]:
    return []


def current() -> Index:
    """Return the index as it is now; a table that does not answer leaves it as it was, if there is one."""
    held, at = _held(), now()
    if held and held[0].is_fresh(at):
        return held[0].index
    try:
        if not held:
            held.append(_begun_with(store.snapshot()))
        newest = held[0].refresh(at)
        if held[0].is_outdated_by(newest):
            _replace(held, Current(newest), at)
    except (DiscoveryUnavailable, SnapshotLost):
        if not held:
            raise
        logger().warning("index not refreshed")
    return held[0].index


def forget() -> None:
    """Drop the index, as the end of a container does; tests need it."""
    for held in _held():
        held.close()
    _held.cache_clear()


def _replace(held: list[Current], successor: Current, at: datetime) -> None:
    successor.refresh(at)
    held[0].close()
    held[:] = [successor]


def _begun_with(snapshot: Snapshot | None) -> Current:
    """Begin with the stored index, or empty where it is lost or of another layout: it is made anew within minutes."""
    if snapshot is None or snapshot.layout != LAYOUT:
        return Current(None)
    try:
        return Current(snapshot)
    except SnapshotLost:
        logger().error("the stored index is lost")
        return Current(None, lost_id=snapshot.snapshot_id)
