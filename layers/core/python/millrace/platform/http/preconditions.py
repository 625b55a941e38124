"""Conditional edits (RFC 9110 13.1.1): change a thing only in the state in which the client read it.

A reply carries `etag`, the thing's version; a client that edits sends it back in `If-Match`. A view takes the header
as `if_match: str` (an edit without it is a 428) or `if_match: str | None`, and hands its version on to the write,
which alone can compare and change at once.
"""

import re

from millrace.platform.errors import Stale

ANY = "*"
_TAG = re.compile(r'(?P<weak>W/)?"(?P<value>[\x21\x23-\x7e\x80-\xff]*)"')


def entity_tag(value: str) -> str:
    """Write a strong entity tag."""
    tag = f'"{value}"'
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{value!r} cannot stand in an entity tag")
    return tag


def matches(if_match: str | None, etag: str) -> bool:
    """Tell whether the condition allows a change of the state that has this tag; no condition allows any.

    `If-Match` compares strongly: a weak tag never matches (RFC 9110 8.8.3.2).
    """
    return if_match is None or if_match.strip() == ANY or etag in _strong(if_match)


def check_match(if_match: str | None, etag: str) -> None:
    """Raise Stale unless the condition allows a change of the state that has this tag."""
    if not matches(if_match, etag):
        raise Stale


def expected_version(if_match: str | None) -> int | None:
    """Return the version that the client wants to change, None for any.

    Raises Stale for tags that no version of ours ever had: nothing can match them.
    """
    if if_match is None or if_match.strip() == ANY:
        return None
    # A list of several is for caches that hold several; a client that edits has read one.
    tags = _strong(if_match)
    if len(tags) != 1 or not re.fullmatch("[0-9]{1,18}", tags[0]):
        raise Stale
    return int(tags[0])


def _strong(header: str) -> list[str]:
    return [found["value"] for found in _TAG.finditer(header) if not found["weak"]]
