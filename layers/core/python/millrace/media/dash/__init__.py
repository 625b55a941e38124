"""DASH manifests as values: presentations of the live profile, static and dynamic (ISO/IEC 23009-1)."""

from millrace.media.dash.parse import parse
from millrace.media.dash.values import (
    CLOCK_HEAD,
    CLOCK_ISO,
    AdaptationSet,
    Captions,
    ClockSource,
    Latency,
    Live,
    Manifest,
    ManifestError,
    Period,
    Representation,
    Role,
    Run,
    runs,
)
from millrace.media.dash.write import write

__all__ = [
    "CLOCK_HEAD",
    "CLOCK_ISO",
    "AdaptationSet",
    "Captions",
    "ClockSource",
    "Latency",
    "Live",
    "Manifest",
    "ManifestError",
    "Period",
    "Representation",
    "Role",
    "Run",
    "parse",
    "runs",
    "write",
]
