"""Decide when renditions have to go so that the stream can stay."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["Load", "Shed", "Shedding"]

# Half a second is usual: a part, a frame and the encoder's own delay.
BEHIND_MS: Final = 2500
HOPELESS_MS: Final = 8000
LASTING_S: Final = 3.0
# After a rendition went the others get this long to come into step.
PAUSE_S: Final = 8.0
BACKLOG_HIGH: Final = 0.3
BACKLOG_HOPELESS: Final = 0.6


class Shed(Enum):
    """How much has to go."""

    NOTHING = "nothing"
    ONE = "one"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Load:
    """How far behind the encoders are, and how full (0 to 1 and more) what waits for them or for storage is."""

    behind_ms: int
    queue_fill: float
    backlog_fill: float

    @property
    def is_high(self) -> bool:
        """Tell whether it cannot stay like this."""
        return self.behind_ms > BEHIND_MS or self.queue_fill > 0.5 or self.backlog_fill > BACKLOG_HIGH

    @property
    def is_hopeless(self) -> bool:
        """Tell whether dropping one rendition comes too late."""
        return self.behind_ms > HOPELESS_MS or self.queue_fill >= 1 or self.backlog_fill > BACKLOG_HOPELESS


class Shedding:
    """Judge the load, told about once a second: a moment is no reason to drop anything."""

    def __init__(self) -> None:
        self._high_since_s: float | None = None
        self._not_before_s = 0.0

    def judge(self, load: Load, now_s: float) -> Shed:
        """Return what has to go now."""
        if not load.is_high:
            self._high_since_s = None
            return Shed.NOTHING
        if self._high_since_s is None:
            self._high_since_s = now_s
        if load.is_hopeless:
            return Shed.ALL
        if now_s - self._high_since_s < LASTING_S or now_s < self._not_before_s:
            return Shed.NOTHING
        self._not_before_s = now_s + PAUSE_S
        self._high_since_s = None
        return Shed.ONE
