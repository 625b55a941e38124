"""Answer from a kept object: conditions first, then a range, else the whole (RFC 9110 13 and 14)."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from edge.freshness import http_date
from edge.headers import Headers, first, joined, replaced, without
from edge.recording import Recording
from edge.store import Entry
from edge.viewer import ViewerRequest

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a body: from `start` up to `end`, exclusive."""

    start: int
    end: int


class RangeNotSatisfiable(Exception):
    """The range begins behind the end of the object."""


@dataclass(frozen=True, slots=True)
class Representation:
    """What to send: `blocks` is None when there is no body."""

    status: int
    headers: Headers
    blocks: AsyncIterator[bytes] | None


def represent(entry: Entry, request: ViewerRequest) -> Representation:
    """Return the whole object, a part of it, 304 or 416."""
    if entry.status == 200 and is_not_modified(entry.headers, request):
        return Representation(304, without(entry.headers, ("content-length", "content-type")), None)
    total = entry.body.length
    headers = entry.headers
    if total is not None:
        headers = replaced(headers, "content-length", str(total))
    wanted = _range_field(entry, request)
    if wanted and total is not None:
        try:
            part = parse_range(wanted, total)
        except RangeNotSatisfiable:
            refused = without(headers, ("content-length", "content-type", "content-encoding"))
            fields: Headers = (("content-range", f"bytes */{total}"), ("content-length", "0"))
            return Representation(416, (*refused, *fields), None)
        if part:
            return _partial(entry.body, headers, part, total)
    return Representation(entry.status, headers, entry.body.read())


def _partial(body: Recording, headers: Headers, part: Slice, total: int) -> Representation:
    headers = replaced(headers, "content-length", str(part.end - part.start))
    headers = (*headers, ("content-range", f"bytes {part.start}-{part.end - 1}/{total}"))
    return Representation(206, headers, body.read(part.start, part.end))


def is_not_modified(headers: Headers, request: ViewerRequest) -> bool:
    """Tell whether the viewer has this object already."""
    if (tags := joined(request.headers, "if-none-match")) is not None:
        etag = first(headers, "etag")
        return tags.strip() == "*" or (etag is not None and _weak(etag) in {_weak(tag) for tag in tags.split(",")})
    since = http_date(first(request.headers, "if-modified-since") or "")
    modified = http_date(first(headers, "last-modified") or "")
    return since is not None and modified is not None and modified <= since


def parse_range(field: str, total: int) -> Slice | None:
    """Read a Range of one part; None when it is to be ignored, as several ranges and nonsense are.

    Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch(field.replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    first_byte, last_byte = match[1], match[2]
    if not first_byte:
        if int(last_byte) == 0 or total == 0:
            raise RangeNotSatisfiable
        return Slice(max(0, total - int(last_byte)), total)
    start = int(first_byte)
    if last_byte and int(last_byte) < start:
        return None
    if start >= total:
        raise RangeNotSatisfiable
    return Slice(start, min(total, int(last_byte) + 1) if last_byte else total)


def _range_field(entry: Entry, request: ViewerRequest) -> str | None:
    """Return the Range to honour: of a plain object, and with If-Range only of this very one."""
    field = first(request.headers, "range")
    if field is None or entry.status != 200 or first(entry.headers, "content-encoding"):
        return None
    condition = first(request.headers, "if-range")
    # RFC 9110 13.1.5: the comparison is strong, so a weak tag never matches.
    if condition is not None and (condition.startswith("W/") or condition not in _validators(entry.headers)):
        return None
    return field


def _validators(headers: Headers) -> set[str]:
    return {value for value in (first(headers, "etag"), first(headers, "last-modified")) if value}


def _weak(tag: str) -> str:
    return tag.strip().removeprefix("W/")
