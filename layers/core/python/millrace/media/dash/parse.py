"""Read manifests that we wrote."""

from decimal import Decimal
from fractions import Fraction
from typing import Literal, cast, get_args
from xml.etree import ElementTree as ET

from millrace.media.dash.schema import parse_date, parse_duration, tag
from millrace.media.dash.values import (
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
)

__all__ = ["parse"]


def parse(text: str) -> Manifest:
    """Parse a manifest that `write` wrote; raises ManifestError."""
    if "<!" in text:
        raise ManifestError("document types and entities have no place here")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without declarations there is nothing to expand
        return Manifest(
            duration_s=_optional_duration(root.get("mediaPresentationDuration")),
            min_buffer_s=parse_duration(root.attrib["minBufferTime"]),
            periods=tuple(_parse_period(each) for each in root.iterfind(tag("Period"))),
            live=_parse_live(root) if root.get("type") == "dynamic" else None,
        )
    except (ET.ParseError, KeyError, ValueError, ArithmeticError) as error:
        raise ManifestError(f"not a manifest of ours: {error!r}") from error


def _parse_live(root: ET.Element) -> Live:
    clock = root.find(tag("UTCTiming"))
    latency = root.find(tag("ServiceDescription"))
    return Live(
        availability_start=parse_date(root.attrib["availabilityStartTime"]),
        publish_time=parse_date(root.attrib["publishTime"]),
        minimum_update_period_s=parse_duration(root.attrib["minimumUpdatePeriod"]),
        time_shift_buffer_depth_s=_optional_duration(root.get("timeShiftBufferDepth")),
        suggested_presentation_delay_s=_optional_duration(root.get("suggestedPresentationDelay")),
        max_segment_duration_s=_optional_duration(root.get("maxSegmentDuration")),
        clock=ClockSource(clock.attrib["value"], clock.attrib["schemeIdUri"]) if clock is not None else None,
        latency=_parse_latency(latency) if latency is not None else None,
    )


def _parse_latency(element: ET.Element) -> Latency:
    bounds = element.find(tag("Latency"))
    rates = element.find(tag("PlaybackRate"))
    if bounds is None:
        raise ManifestError("a service description without a latency")
    return Latency(
        target_ms=int(bounds.attrib["target"]),
        min_ms=_optional_integer(bounds.get("min")),
        max_ms=_optional_integer(bounds.get("max")),
        min_playback_rate=_optional_decimal(rates.get("min")) if rates is not None else None,
        max_playback_rate=_optional_decimal(rates.get("max")) if rates is not None else None,
    )


def _parse_period(element: ET.Element) -> Period:
    sets = element.findall(tag("AdaptationSet"))
    return Period(
        adaptation_sets=tuple(_parse_adaptation_set(each) for each in sets if each.get("contentType") != "text"),
        captions=tuple(_parse_captions(each) for each in sets if each.get("contentType") == "text"),
        id=element.attrib["id"],
        start_s=parse_duration(element.attrib["start"]),
        duration_s=_optional_duration(element.get("duration")),
    )


def _parse_adaptation_set(element: ET.Element) -> AdaptationSet:
    content: Literal["video", "audio"] = "video" if element.attrib["contentType"] == "video" else "audio"
    return AdaptationSet(
        id=int(element.attrib["id"]),
        content=content,
        representations=tuple(_parse_representation(each) for each in element.iterfind(tag("Representation"))),
        language=element.get("lang"),
        label=element.findtext(tag("Label")),
        role=_parse_role(element),
    )


def _parse_captions(element: ET.Element) -> Captions:
    representation = element.find(tag("Representation"))
    uri = element.findtext(f"{tag('Representation')}/{tag('BaseURL')}")
    if representation is None or uri is None:
        raise ManifestError("captions without a file")
    return Captions(
        id=int(element.attrib["id"]),
        representation_id=representation.attrib["id"],
        uri=uri,
        language=element.get("lang"),
        label=element.findtext(tag("Label")),
        role=_parse_role(element),
        bandwidth_bps=int(representation.attrib["bandwidth"]),
    )


def _parse_role(element: ET.Element) -> Role | None:
    role = element.find(tag("Role"))
    if role is None:
        return None
    if role.attrib["value"] not in get_args(Role):
        raise ManifestError(f"unknown role {role.attrib['value']!r}")
    return cast("Role", role.attrib["value"])


def _parse_representation(element: ET.Element) -> Representation:
    template = element.find(tag("SegmentTemplate"))
    if template is None:
        raise ManifestError("a representation without segments")
    channels = element.find(tag("AudioChannelConfiguration"))
    frame_rate = element.get("frameRate")
    return Representation(
        id=element.attrib["id"],
        codecs=element.attrib["codecs"],
        bandwidth_bps=int(element.attrib["bandwidth"]),
        timescale=int(template.attrib["timescale"]),
        timeline=tuple(
            Run(int(each.attrib["t"]), int(each.attrib["d"]), int(each.get("r", "0")) + 1)
            for each in template.iterfind("*/" + tag("S"))
        ),
        start_number=int(template.attrib["startNumber"]),
        width=_optional_integer(element.get("width")),
        height=_optional_integer(element.get("height")),
        frame_rate=Fraction(frame_rate) if frame_rate else None,
        sampling_rate_hz=_optional_integer(element.get("audioSamplingRate")),
        channels=int(channels.attrib["value"]) if channels is not None else None,
        segment_duration=_optional_integer(template.get("duration")),
        presentation_time_offset=int(template.get("presentationTimeOffset", "0")),
        availability_offset_s=_optional_decimal(template.get("availabilityTimeOffset")),
        is_complete_when_available=template.get("availabilityTimeComplete") != "false",
        initialization=template.attrib["initialization"],
        media=template.attrib["media"],
    )


def _optional_integer(text: str | None) -> int | None:
    return int(text) if text is not None else None


def _optional_decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None


def _optional_duration(text: str | None) -> Decimal | None:
    return parse_duration(text) if text is not None else None
