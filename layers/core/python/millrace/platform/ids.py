"""Identifiers: lower-case ULIDs, safe in a URL and sorted by time of creation."""

import re
from datetime import datetime
from typing import NewType

from ulid import ULID

UserId = NewType("UserId", str)
VideoId = NewType("VideoId", str)
UploadId = NewType("UploadId", str)
ChannelId = NewType("ChannelId", str)
StreamKeyId = NewType("StreamKeyId", str)
AuditEntryId = NewType("AuditEntryId", str)
LiveSessionId = NewType("LiveSessionId", str)
ClipId = NewType("ClipId", str)
ScheduledStreamId = NewType("ScheduledStreamId", str)

# 26 characters of Crockford's base 32. The first carries three bits only, hence 0 to 7.
ID_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{25}"
_ID = re.compile(ID_PATTERN)


def new_id() -> str:
    """Return a fresh id; ids of one process are strictly increasing within a millisecond."""
    return str(ULID()).lower()


def first_id_at(moment: datetime) -> str:
    """Return the least id that can be made at that moment: where to begin among ids that sort by time."""
    return str(ULID.from_bytes(int(moment.timestamp() * 1000).to_bytes(6, "big") + bytes(10))).lower()


def is_id(text: str) -> bool:
    """Tell whether the text has the exact shape of our ids."""
    return _ID.fullmatch(text) is not None
