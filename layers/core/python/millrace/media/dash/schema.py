"""Names, durations and dates of the MPD schema, for writing and reading alike."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from millrace.media.dash.values import ManifestError

__all__ = [
    "AUDIO_CHANNELS_SCHEME",
    "NAMESPACE",
    "PROFILE",
    "ROLE_SCHEME",
    "date_text",
    "duration_text",
    "parse_date",
    "parse_duration",
    "tag",
]

NAMESPACE: Final = "urn:mpeg:dash:schema:mpd:2011"
PROFILE: Final = "urn:mpeg:dash:profile:isoff-live:2011"
AUDIO_CHANNELS_SCHEME: Final = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
ROLE_SCHEME: Final = "urn:mpeg:dash:role:2011"
# Years and months have no fixed length, and no manifest needs them.
_DURATION: Final = re.compile(
    r"P(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,12}(?:\.[0-9]{1,12})?)S)?)?"
)


def tag(name: str) -> str:
    """Return an element's name with its namespace."""
    return f"{{{NAMESPACE}}}{name}"


def duration_text(seconds: Decimal) -> str:
    """Write a duration to the millisecond."""
    return f"PT{seconds.quantize(Decimal('0.001')):f}S"


def parse_duration(text: str) -> Decimal:
    """Return the seconds of an xs:duration of days and less."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ManifestError(f"{text!r} is no duration")
    days, hours, minutes, seconds = (Decimal(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def date_text(date: datetime) -> str:
    """Write a date in UTC, to the millisecond if that is exact."""
    if date.tzinfo is None:
        raise ManifestError(f"{date} has no time zone")
    precision = "microseconds" if date.microsecond % 1000 else "milliseconds"
    return date.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def parse_date(text: str) -> datetime:
    """Parse an xs:dateTime; without a zone it is UTC (5.3.1.2)."""
    date = datetime.fromisoformat(text)
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
