"""Check what is published: HLS, low latency included, CMAF and DASH.

A check never raises for a broken stream: it returns what it found.
"""

from millrace.media.validate.dash import check_dash
from millrace.media.validate.findings import Finding, Findings, Rule, Severity
from millrace.media.validate.presentation import check_hls
from millrace.media.validate.reader import Memory, Reader, Unreadable
from millrace.media.validate.rules import RULES

__all__ = ["RULES", "Finding", "Findings", "Memory", "Reader", "Rule", "Severity", "Unreadable", "validate"]


def validate(location: str, reader: Reader, *, segments_max: int | None = None) -> Findings:
    """Check a playlist or manifest, all that it names, and the first `segments_max` segments of each track."""
    found = Findings()
    if location.partition("?")[0].lower().endswith(".mpd"):
        check_dash(location, reader, found, segments_max)
    else:
        check_hls(location, reader, found, segments_max)
    return found
