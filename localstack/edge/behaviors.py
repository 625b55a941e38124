"""Which cache behaviour answers for a path."""

from edge.model import Behavior, Distribution
from edge.wildcards import wildcard


def behavior_for(distribution: Distribution, path: str) -> Behavior:
    """Return the first behaviour whose pattern matches the path; the default one comes last and matches all."""
    for behavior in distribution.behaviors:
        if pattern_matches(behavior.pattern, path):
            return behavior
    raise LookupError(f"distribution {distribution.id} has no default cache behaviour")


def pattern_matches(pattern: str, path: str) -> bool:
    """Tell whether a path pattern (`*` any run, `?` one character, case-sensitive) matches the whole path.

    A pattern may be written without its leading slash.
    """
    if pattern != "*" and not pattern.startswith(("/", "*")):
        pattern = "/" + pattern
    return wildcard(pattern).fullmatch(path) is not None
