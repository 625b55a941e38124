"""The cache itself: entries by key, the least recently used thrown out first."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge.cache_key import CacheKey
from edge.freshness import initial_age_s, parse_cache_control
from edge.headers import Headers, joined
from edge.recording import Recording
from edge.wildcards import wildcard


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer of the origin that is kept; its body may still be coming. Times are those of `time.monotonic`."""

    status: int
    headers: Headers
    body: Recording
    stored_at_s: float
    lifetime_s: float
    # The conditional header with which to ask the origin whether this is still good; none: it cannot be asked.
    validator: Headers = ()

    def age_s(self, now_s: float) -> int:
        """Return the Age to tell a viewer."""
        return initial_age_s(self.headers) + int(now_s - self.stored_at_s)

    def is_fresh(self, now_s: float) -> bool:
        """Tell whether it may be served without asking the origin."""
        return now_s < self.stored_at_s + self.lifetime_s

    def may_be_revalidated_later(self, now_s: float) -> bool:
        """Tell whether it may be served while the origin is asked (stale-while-revalidate)."""
        control = parse_cache_control(joined(self.headers, "cache-control") or "")
        return now_s < self.stored_at_s + self.lifetime_s + control.stale_while_revalidate_s

    def may_cover_an_error(self, now_s: float) -> bool:
        """Tell whether it may be served because the origin fails: always, unless the origin limited or forbade it."""
        if self.status >= 400 or self.body.is_broken:
            return False
        control = parse_cache_control(joined(self.headers, "cache-control") or "")
        if control.stale_if_error_s is not None:
            return now_s < self.stored_at_s + self.lifetime_s + control.stale_if_error_s
        return not control.forbids_stale

    def renewed(self, now_s: float, lifetime_s: float, headers: Headers) -> "Entry":
        """Return the same object with a new lease."""
        return replace(self, stored_at_s=now_s, lifetime_s=lifetime_s, headers=headers)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be kept."""

    memory_bytes: int = 64 * 1024 * 1024
    disk_bytes: int = 2 * 1024 * 1024 * 1024
    # Every body on disk is an open file.
    files: int = 512
    entries: int = 50_000


class Store:
    """Entries in the order of their last use, within bounds."""

    def __init__(self, bounds: Bounds | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()
        self._charged: dict[CacheKey, tuple[bool, int]] = {}
        self.memory_bytes = 0
        self.disk_bytes = 0
        self.files = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: CacheKey) -> Entry | None:
        """Return what is kept, fresh or not."""
        entry = self._entries.get(key)
        if entry is not None and entry.body.is_broken:
            self.drop(key)
            return None
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: CacheKey, entry: Entry) -> None:
        """Keep an entry in the place of any other of its key."""
        self.drop(key)
        self._entries[key] = entry
        self.settle(key, entry)

    def settle(self, key: CacheKey, entry: Entry) -> None:
        """Charge the size of a body, again when it is whole, and make room."""
        if self._entries.get(key) is not entry:
            return
        self._discharge(key)
        size = max(entry.body.size, entry.body.length or 0)
        self._charged[key] = (entry.body.is_on_disk, size)
        if entry.body.is_on_disk:
            self.disk_bytes += size
            self.files += 1
        else:
            self.memory_bytes += size
        self._make_room()

    def drop(self, key: CacheKey) -> None:
        """Forget an entry; whoever is reading its body reads on."""
        self._entries.pop(key, None)
        self._discharge(key)

    def invalidate(self, distribution_id: str, paths: tuple[str, ...]) -> int:
        """Forget the distribution's objects that a path names (`*` at its end: all that begin so); return how many."""
        doomed = [key for key in self._entries if is_invalidated(key, distribution_id, paths)]
        for key in doomed:
            self.drop(key)
        return len(doomed)

    def _discharge(self, key: CacheKey) -> None:
        on_disk, size = self._charged.pop(key, (None, 0))
        if on_disk:
            self.disk_bytes -= size
            self.files -= 1
        elif on_disk is False:
            self.memory_bytes -= size

    def _make_room(self) -> None:
        bounds = self._bounds
        while len(self._entries) > 1:
            if self.disk_bytes > bounds.disk_bytes or self.files > bounds.files:
                self._drop_oldest(on_disk=True)
            elif self.memory_bytes > bounds.memory_bytes:
                self._drop_oldest(on_disk=False)
            elif len(self._entries) > bounds.entries:
                self.drop(next(iter(self._entries)))
            else:
                return

    def _drop_oldest(self, *, on_disk: bool) -> None:
        self.drop(next(key for key in self._entries if self._charged[key][0] is on_disk))


def is_invalidated(key: CacheKey, distribution_id: str, paths: tuple[str, ...]) -> bool:
    """Tell whether an invalidation means this object."""
    if key.distribution_id != distribution_id:
        return False
    return any(wildcard(path).fullmatch(text) for path in paths for text in (key.path, key.path_with_query))
