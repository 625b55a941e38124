"""DASH manifests as values: static presentations of the live profile (ISO/IEC 23009-1).

Segments are named by number and timed by a SegmentTimeline, per representation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal
from xml.etree import ElementTree as ET

__all__ = ["AdaptationSet", "Manifest", "ManifestError", "Representation", "Run", "parse", "runs", "write"]

NAMESPACE: Final = "urn:mpeg:dash:schema:mpd:2011"
PROFILE: Final = "urn:mpeg:dash:profile:isoff-live:2011"
AUDIO_CHANNELS_SCHEME: Final = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
INITIALIZATION: Final = "$RepresentationID$/init.mp4"
MEDIA: Final = "$RepresentationID$/seg_$Number%05d$.m4s"


class ManifestError(ValueError):
    """Say that a text is not a manifest of the kind that we write."""


@dataclass(frozen=True, slots=True)
class Run:
    """Time `count` segments of equal duration in a row (5.3.9.6: S with t, d and r = count - 1)."""

    start: int
    duration: int
    count: int


@dataclass(frozen=True, slots=True)
class Representation:
    """Describe one track; the picture has a size and a frame rate, the sound a sampling rate."""

    id: str
    codecs: str
    bandwidth_bps: int
    timescale: int
    timeline: tuple[Run, ...]
    start_number: int = 1
    width: int | None = None
    height: int | None = None
    frame_rate: Fraction | None = None
    sampling_rate_hz: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class AdaptationSet:
    """Group representations that a player may switch between."""

    id: int
    content: Literal["video", "audio"]
    representations: tuple[Representation, ...]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Hold a static presentation of one period."""

    duration_s: Decimal
    min_buffer_s: Decimal
    adaptation_sets: tuple[AdaptationSet, ...]


def runs(segments: Iterable[tuple[int, int]]) -> tuple[Run, ...]:
    """Shorten (start, duration) pairs to runs."""
    found: list[Run] = []
    for start, duration in segments:
        last = found[-1] if found else None
        if last and last.duration == duration and last.start + last.duration * last.count == start:
            found[-1] = Run(last.start, duration, last.count + 1)
        else:
            found.append(Run(start, duration, 1))
    return tuple(found)


def write(manifest: Manifest) -> str:
    """Write a manifest."""
    root = ET.Element(
        "MPD",
        {
            "xmlns": NAMESPACE,
            "type": "static",
            "profiles": PROFILE,
            "mediaPresentationDuration": _duration(manifest.duration_s),
            "minBufferTime": _duration(manifest.min_buffer_s),
        },
    )
    period = ET.SubElement(root, "Period", {"id": "0", "start": "PT0S"})
    for adaptation_set in manifest.adaptation_sets:
        _write_adaptation_set(period, adaptation_set)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _write_adaptation_set(period: ET.Element, adaptation_set: AdaptationSet) -> None:
    attributes = {
        "id": str(adaptation_set.id),
        "contentType": adaptation_set.content,
        "mimeType": f"{adaptation_set.content}/mp4",
        "segmentAlignment": "true",
        "startWithSAP": "1",
    }
    if adaptation_set.language is not None:
        attributes["lang"] = adaptation_set.language
    element = ET.SubElement(period, "AdaptationSet", attributes)
    for representation in adaptation_set.representations:
        _write_representation(element, representation)


def _write_representation(parent: ET.Element, representation: Representation) -> None:
    optional = {
        "width": representation.width,
        "height": representation.height,
        "frameRate": representation.frame_rate,
        "sar": "1:1" if representation.width else None,
        "audioSamplingRate": representation.sampling_rate_hz,
    }
    element = ET.SubElement(
        parent,
        "Representation",
        {
            "id": representation.id,
            "codecs": representation.codecs,
            "bandwidth": str(representation.bandwidth_bps),
            **{name: str(value) for name, value in optional.items() if value is not None},
        },
    )
    if representation.channels is not None:
        configuration = {"schemeIdUri": AUDIO_CHANNELS_SCHEME, "value": str(representation.channels)}
        ET.SubElement(element, "AudioChannelConfiguration", configuration)
    template = ET.SubElement(
        element,
        "SegmentTemplate",
        {
            "timescale": str(representation.timescale),
            "startNumber": str(representation.start_number),
            "initialization": INITIALIZATION,
            "media": MEDIA,
        },
    )
    timeline = ET.SubElement(template, "SegmentTimeline")
    for run in representation.timeline:
        repeat = {"r": str(run.count - 1)} if run.count > 1 else {}
        ET.SubElement(timeline, "S", {"t": str(run.start), "d": str(run.duration), **repeat})


def parse(text: str) -> Manifest:
    """Parse a manifest that `write` wrote; raises ManifestError."""
    if "<!" in text:
        raise ManifestError("document types and entities have no place here")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without declarations there is nothing to expand
        return Manifest(
            duration_s=_seconds(root.attrib["mediaPresentationDuration"]),
            min_buffer_s=_seconds(root.attrib["minBufferTime"]),
            adaptation_sets=tuple(_parse_adaptation_set(each) for each in root.iterfind("*/" + _tag("AdaptationSet"))),
        )
    except (ET.ParseError, KeyError, ValueError, ArithmeticError) as error:
        raise ManifestError(f"not a manifest of ours: {error!r}") from error


def _parse_adaptation_set(element: ET.Element) -> AdaptationSet:
    content: Literal["video", "audio"] = "video" if element.attrib["contentType"] == "video" else "audio"
    return AdaptationSet(
        id=int(element.attrib["id"]),
        content=content,
        representations=tuple(_parse_representation(each) for each in element.iterfind(_tag("Representation"))),
        language=element.get("lang"),
    )


def _parse_representation(element: ET.Element) -> Representation:
    template = element.find(_tag("SegmentTemplate"))
    if template is None:
        raise ManifestError("a representation without segments")
    channels = element.find(_tag("AudioChannelConfiguration"))
    frame_rate = element.get("frameRate")
    return Representation(
        id=element.attrib["id"],
        codecs=element.attrib["codecs"],
        bandwidth_bps=int(element.attrib["bandwidth"]),
        timescale=int(template.attrib["timescale"]),
        timeline=tuple(
            Run(int(each.attrib["t"]), int(each.attrib["d"]), int(each.get("r", "0")) + 1)
            for each in template.iterfind("*/" + _tag("S"))
        ),
        start_number=int(template.attrib["startNumber"]),
        width=_optional_integer(element.get("width")),
        height=_optional_integer(element.get("height")),
        frame_rate=Fraction(frame_rate) if frame_rate else None,
        sampling_rate_hz=_optional_integer(element.get("audioSamplingRate")),
        channels=int(channels.attrib["value"]) if channels is not None else None,
    )


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _optional_integer(text: str | None) -> int | None:
    return int(text) if text is not None else None


def _duration(seconds: Decimal) -> str:
    return f"PT{seconds.quantize(Decimal('0.001'))}S"


def _seconds(text: str) -> Decimal:
    if not (text.startswith("PT") and text.endswith("S")):
        raise ManifestError(f"{text!r} is no duration in seconds")
    return Decimal(text[2:-1])
