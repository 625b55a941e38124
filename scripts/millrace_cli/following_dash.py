"""Follow a growing DASH manifest for a while, as a player does, and check how it changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from xml.etree import ElementTree as ET

from millrace.media.dash import ManifestError
from millrace.media.dash.schema import parse_duration
from millrace.media.validate import Findings, Unreadable, rules
from millrace.media.validate.manifest_reloads import check_manifest_reload
from millrace.media.validate.mpd import read_root
from scripts.millrace_cli.reading import Web

# However often a manifest asks to be read.
_SHORTEST_PAUSE_S = 0.5


def follow_manifest(
    web: Web,
    location: str,
    found: Findings,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Read a manifest again and again until it is static, or for that long; return how many reloads there were."""
    before = _load(web, location, found)
    reloads = 0
    until_s = clock() + seconds
    while before is not None and before.get("type") == "dynamic":
        if reloads and clock() >= until_s:
            break
        period_s = float(parse_duration(before.get("minimumUpdatePeriod", "PT2S")))
        sleep(max(_SHORTEST_PAUSE_S, period_s))
        after = _load(web, location, found)
        if after is None:
            break
        reloads += 1
        try:
            check_manifest_reload(location, before, after, found)
        except (ManifestError, KeyError, ValueError, ArithmeticError) as error:
            found.add(rules.DASH_VALUE, location, f"{error}.")
            break
        before = after
    return reloads


def _load(web: Web, location: str, found: Findings) -> ET.Element | None:
    try:
        return read_root(location, web.read(location), found)
    except Unreadable as error:
        found.add(rules.UNREADABLE, location, f"{error}.")
        return None
