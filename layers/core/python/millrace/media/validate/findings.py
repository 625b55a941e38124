"""What a check found: which rule, where, and what is the matter there."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Finding", "Findings", "Rule", "Severity"]

# The same fault in each of a thousand segments is one fault.
SHOWN_PER_PLACE: Final = 3


class Severity(StrEnum):
    """Say how bad it is: an error breaks a must, a warning a should; info is good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Rule:
    """State what a stream has to be; `clause` says who demands it."""

    code: str
    severity: Severity
    clause: str
    says: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Say where a stream breaks a rule; `place` is a file, with the line where there are lines."""

    code: str
    severity: Severity
    place: str
    clause: str
    message: str


class Findings:
    """Collect findings; a fault that repeats itself in one file is written a few times and then counted."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._seen: Counter[tuple[str, str]] = Counter()

    def add(self, rule: Rule, place: str, message: str, *, line: int | None = None) -> None:
        """Note a broken rule."""
        self._seen[rule.code, place] += 1
        if self._seen[rule.code, place] <= SHOWN_PER_PLACE:
            where = place if line is None else f"{place}:{line}"
            self._found.append(Finding(rule.code, rule.severity, where, rule.clause, message))

    def __iter__(self) -> Iterator[Finding]:
        """Yield what was found, in order."""
        yield from self._found

    def count(self, severity: Severity) -> int:
        """Return how many findings are that bad."""
        return sum(finding.severity is severity for finding in self._found)

    def left_out(self) -> dict[tuple[str, str], int]:
        """Return how often rules were broken beyond what is written, by code and file."""
        return {key: count - SHOWN_PER_PLACE for key, count in self._seen.items() if count > SHOWN_PER_PLACE}
