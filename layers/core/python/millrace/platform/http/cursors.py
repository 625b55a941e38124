"""Cursors: where a list goes on, opaque to the client."""

import base64
import binascii
import json
from typing import Any

from millrace.platform.errors import Invalid

# A DynamoDB key of ours is far shorter; anything longer was not made here.
MAX_CURSOR_CHARS = 1024
FOREIGN = "This cursor is not one that a list gave out."


def encode_cursor(key: dict[str, Any] | None) -> str | None:
    """Turn the key that a query stopped at into a cursor; None, the end, stays None."""
    if key is None:
        return None
    text = json.dumps(key, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, field: str = "cursor") -> dict[str, Any] | None:
    """Turn a cursor back into a key; one that was not made by encode_cursor raises Invalid.

    It proves nothing: the caller checks that the key lies in the partition that it queries.
    """
    if cursor is None:
        return None
    try:
        if len(cursor) > MAX_CURSOR_CHARS:
            raise ValueError("too long")
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise Invalid(field, FOREIGN) from error
    if not isinstance(key, dict):
        raise Invalid(field, FOREIGN)
    return key
