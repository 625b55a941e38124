"""Counters for each cache behaviour, and one line of log for each request."""

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TextIO


@dataclass(slots=True)
class Counters:
    """What one behaviour of one distribution has done; sizes in bytes of bodies."""

    requests: int = 0
    hits: int = 0
    misses: int = 0
    refresh_hits: int = 0
    # Requests that were served from an object still on its way: a kind of hit.
    collapsed: int = 0
    uncached: int = 0
    errors: int = 0
    denied: int = 0
    origin_requests: int = 0
    bytes_to_viewers: int = 0


class Stats:
    """The counters of all behaviours, by distribution and pattern."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[str, Counters]] = {}

    def of(self, distribution_id: str, pattern: str) -> Counters:
        """Return the counters of a behaviour."""
        behaviors = self._counters.setdefault(distribution_id, {})
        return behaviors.setdefault(pattern, Counters())

    def report(self) -> dict[str, Any]:
        """Return everything, with hit ratios, ready for JSON."""
        return {
            distribution_id: {pattern: _with_ratio(counters) for pattern, counters in behaviors.items()}
            for distribution_id, behaviors in self._counters.items()
        }


def _with_ratio(counters: Counters) -> dict[str, Any]:
    served = counters.hits + counters.refresh_hits
    asked = served + counters.misses
    return {**asdict(counters), "hit_ratio": round(served / asked, 4) if asked else None}


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One request, for the access log. There is no query in it: that may carry signatures and tokens."""

    method: str
    host: str
    path: str
    status: int
    result: str
    behavior: str
    distribution: str
    bytes: int
    duration_ms: float
    client_ip: str
    request_id: str
    error: str = ""


class AccessLog:
    """Writes records as JSON lines."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def write(self, record: AccessRecord) -> None:
        """Write one line; a closed pipe must not end the request."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        fields = {name: value for name, value in asdict(record).items() if value != ""}
        try:
            self._stream.write(json.dumps({"time": moment, **fields}) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return
