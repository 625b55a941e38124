"""Blocking reload: hold a request until the stream has what it asks for (RFC 8216bis 6.2.5.2)."""

import re
import time
from dataclasses import dataclass

from millrace.live.edge import store
from millrace.live.edge.model import Edge
from millrace.live.errors import BadDirective
from millrace.platform.ids import LiveSessionId

POLL_S = 0.1
# Players give up on a playlist after three part targets or 0.8 target durations: 1 s and 1.6 s here. One that hears
# within a second that there is nothing new asks again, and gets over gaps of any length.
MAX_WAIT_S = 0.9
# How far ahead of the newest segment a request may be.
MAX_AHEAD = 2
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Directive:
    """What a player asks for by delivery directives."""

    msn: int | None = None
    part: int | None = None
    skip: bool = False


def read_directive(msn: str | None, part: str | None, skip: str | None) -> Directive:
    """Read the values of `_HLS_msn`, `_HLS_part` and `_HLS_skip`; raises BadDirective."""
    for value in (msn, part):
        if value is not None and not _NUMBER.fullmatch(value):
            raise BadDirective("_HLS_msn and _HLS_part are whole numbers.")
    if part is not None and msn is None:
        raise BadDirective("_HLS_part needs _HLS_msn beside it.")
    if skip not in (None, "YES", "v2"):
        raise BadDirective("_HLS_skip is YES or v2.")
    return Directive(int(msn) if msn else None, int(part) if part else None, skip is not None)


def wait(session_id: LiveSessionId, track: str, directive: Directive) -> bool:
    """Wait until the track has what is asked for, MAX_WAIT_S at most; tell whether it has. Raises BadDirective.

    The table is looked at only while somebody waits, and for everybody who waits together: the distribution sends one
    request for all of them.
    """
    if directive.msn is None:
        return False
    edge = store.edge(session_id, track)
    until_s = time.monotonic() + MAX_WAIT_S
    # What does not exist is not waited for.
    while edge is not None:
        if has(edge, directive):
            return True
        if directive.msn > newest(edge) + MAX_AHEAD:
            raise BadDirective(f"Segment {directive.msn} is too far ahead.")
        if time.monotonic() + POLL_S > until_s:
            return False
        time.sleep(POLL_S)
        edge = store.edge(session_id, track)
    return False


def has(edge: Edge, directive: Directive) -> bool:
    """Tell whether the edge has the segment, or the part of it.

    A part behind the last one of its segment means the first one of the next.
    """
    if not edge.tail or directive.msn is None:
        return False
    last = edge.tail[-1]
    if newest(edge) != directive.msn:
        return newest(edge) > directive.msn
    segment = last if last.number == directive.msn else edge.tail[-2]
    if directive.part is None:
        return segment.is_complete
    return len(segment.parts) > directive.part


def newest(edge: Edge) -> int:
    """Return the newest segment of which there is anything; a segment is opened before its first part is there."""
    if not edge.tail:
        return 0
    last = edge.tail[-1]
    return last.number if last.parts or last.is_complete else last.number - 1
