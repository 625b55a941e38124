"""Write manifests."""

from xml.etree import ElementTree as ET

from millrace.media.dash.schema import (
    AUDIO_CHANNELS_SCHEME,
    NAMESPACE,
    PROFILE,
    ROLE_SCHEME,
    date_text,
    duration_text,
)
from millrace.media.dash.values import (
    AdaptationSet,
    Captions,
    Latency,
    Live,
    Manifest,
    ManifestError,
    Period,
    Representation,
)

__all__ = ["write"]


def write(manifest: Manifest) -> str:
    """Write a manifest; raises ManifestError where neither an end nor updates are promised."""
    if manifest.live is None and manifest.duration_s is None:
        raise ManifestError("a presentation that is not live has a duration")
    attributes = {
        "xmlns": NAMESPACE,
        "type": "dynamic" if manifest.live else "static",
        "profiles": PROFILE,
        "mediaPresentationDuration": duration_text(manifest.duration_s) if manifest.duration_s is not None else None,
        "minBufferTime": duration_text(manifest.min_buffer_s),
        **(_live_attributes(manifest.live) if manifest.live else {}),
    }
    root = ET.Element("MPD", _present(attributes))
    if manifest.live and manifest.live.latency:
        _write_latency(root, manifest.live.latency)
    for period in manifest.periods:
        _write_period(root, period)
    if manifest.live and manifest.live.clock:
        clock = manifest.live.clock
        ET.SubElement(root, "UTCTiming", {"schemeIdUri": clock.scheme, "value": clock.value})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _present(attributes: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value is not None}


def _live_attributes(live: Live) -> dict[str, str | None]:
    optional = {
        "timeShiftBufferDepth": live.time_shift_buffer_depth_s,
        "suggestedPresentationDelay": live.suggested_presentation_delay_s,
        "maxSegmentDuration": live.max_segment_duration_s,
    }
    return {
        "availabilityStartTime": date_text(live.availability_start),
        "publishTime": date_text(live.publish_time),
        "minimumUpdatePeriod": duration_text(live.minimum_update_period_s),
        **{name: duration_text(value) for name, value in optional.items() if value is not None},
    }


def _write_latency(root: ET.Element, latency: Latency) -> None:
    element = ET.SubElement(root, "ServiceDescription", {"id": "0"})
    bounds = {"target": latency.target_ms, "min": latency.min_ms, "max": latency.max_ms}
    ET.SubElement(element, "Latency", _present({name: _text(value) for name, value in bounds.items()}))
    rates = {"min": latency.min_playback_rate, "max": latency.max_playback_rate}
    if any(rate is not None for rate in rates.values()):
        ET.SubElement(element, "PlaybackRate", _present({name: _text(value) for name, value in rates.items()}))


def _text(value: object) -> str | None:
    return str(value) if value is not None else None


def _write_period(root: ET.Element, period: Period) -> None:
    attributes = {
        "id": period.id,
        "start": duration_text(period.start_s),
        "duration": duration_text(period.duration_s) if period.duration_s is not None else None,
    }
    element = ET.SubElement(root, "Period", _present(attributes))
    for adaptation_set in period.adaptation_sets:
        _write_adaptation_set(element, adaptation_set)
    for captions in period.captions:
        _write_captions(element, captions)


def _write_adaptation_set(period: ET.Element, adaptation_set: AdaptationSet) -> None:
    attributes = {
        "id": str(adaptation_set.id),
        "contentType": adaptation_set.content,
        "mimeType": f"{adaptation_set.content}/mp4",
        "segmentAlignment": "true",
        "startWithSAP": "1",
        "lang": adaptation_set.language,
    }
    element = ET.SubElement(period, "AdaptationSet", _present(attributes))
    _write_names(element, adaptation_set)
    for representation in adaptation_set.representations:
        _write_representation(element, representation)


def _write_names(element: ET.Element, named: AdaptationSet | Captions) -> None:
    """Write role before label: the schema has an order."""
    if named.role is not None:
        ET.SubElement(element, "Role", {"schemeIdUri": ROLE_SCHEME, "value": named.role})
    if named.label is not None:
        ET.SubElement(element, "Label").text = named.label


def _write_captions(period: ET.Element, captions: Captions) -> None:
    attributes = {
        "id": str(captions.id),
        "contentType": "text",
        "mimeType": "text/vtt",
        "lang": captions.language,
    }
    element = ET.SubElement(period, "AdaptationSet", _present(attributes))
    _write_names(element, captions)
    bandwidth = {"id": captions.representation_id, "bandwidth": str(captions.bandwidth_bps)}
    representation = ET.SubElement(element, "Representation", bandwidth)
    ET.SubElement(representation, "BaseURL").text = captions.uri


def _write_representation(parent: ET.Element, representation: Representation) -> None:
    attributes = {
        "id": representation.id,
        "codecs": representation.codecs,
        "bandwidth": str(representation.bandwidth_bps),
        "width": _text(representation.width),
        "height": _text(representation.height),
        "frameRate": _text(representation.frame_rate),
        "sar": "1:1" if representation.width else None,
        "audioSamplingRate": _text(representation.sampling_rate_hz),
    }
    element = ET.SubElement(parent, "Representation", _present(attributes))
    if representation.channels is not None:
        configuration = {"schemeIdUri": AUDIO_CHANNELS_SCHEME, "value": str(representation.channels)}
        ET.SubElement(element, "AudioChannelConfiguration", configuration)
    _write_template(element, representation)


def _write_template(element: ET.Element, representation: Representation) -> None:
    if (representation.segment_duration is not None) == bool(representation.timeline):
        raise ManifestError(f"{representation.id} needs either a timeline or a segment duration")
    offset_s = representation.availability_offset_s
    attributes = {
        "timescale": str(representation.timescale),
        "duration": _text(representation.segment_duration),
        "startNumber": str(representation.start_number),
        "presentationTimeOffset": _text(representation.presentation_time_offset or None),
        "availabilityTimeOffset": f"{offset_s:f}" if offset_s is not None else None,
        "availabilityTimeComplete": None if representation.is_complete_when_available else "false",
        "initialization": representation.initialization,
        "media": representation.media,
    }
    template = ET.SubElement(element, "SegmentTemplate", _present(attributes))
    if not representation.timeline:
        return
    timeline = ET.SubElement(template, "SegmentTimeline")
    for run in representation.timeline:
        repeat = {"r": str(run.count - 1)} if run.count > 1 else {}
        ET.SubElement(timeline, "S", {"t": str(run.start), "d": str(run.duration), **repeat})
