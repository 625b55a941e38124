"""Text with wildcards, as CloudFront's path patterns and AWS policies use it: `*` any run, `?` one character."""

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def wildcard(pattern: str) -> re.Pattern[str]:
    """Compile a text with wildcards; match it against the whole with `fullmatch`."""
    parts = {"*": ".*", "?": "."}
    # Runs of stars mean one star, and would otherwise make matching exponential.
    collapsed = re.sub(r"\*+", "*", pattern)
    return re.compile("".join(parts.get(char, re.escape(char)) for char in collapsed), re.DOTALL)
