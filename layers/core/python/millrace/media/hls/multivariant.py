"""Write and read multivariant playlists."""

from collections.abc import Mapping
from decimal import Decimal

from millrace.media.hls.lines import (
    attribute,
    decimal,
    integer,
    is_yes,
    lines,
    parse_attributes,
    quoted,
    uri_line,
    write_attributes,
)
from millrace.media.hls.parse_media import parse_start
from millrace.media.hls.values import (
    AudioRendition,
    IFrameVariant,
    MultivariantPlaylist,
    PlaylistError,
    SubtitleRendition,
    Variant,
)
from millrace.media.hls.write_media import start_lines

__all__ = ["parse_multivariant", "write_multivariant"]


def write_multivariant(playlist: MultivariantPlaylist) -> str:
    """Write a multivariant playlist; raises PlaylistError where a variant names a group that is not there."""
    _check(playlist)
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{playlist.version}"]
    if playlist.has_independent_segments:
        lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
    lines += start_lines(playlist.start)
    lines += ["#EXT-X-MEDIA:" + write_attributes(_audio_attributes(audio)) for audio in playlist.audio]
    lines += ["#EXT-X-MEDIA:" + write_attributes(_subtitle_attributes(each)) for each in playlist.subtitles]
    for variant in playlist.variants:
        lines.append("#EXT-X-STREAM-INF:" + write_attributes(_variant_attributes(variant)))
        lines.append(uri_line(variant.uri))
    for iframes in playlist.iframe_variants:
        lines.append("#EXT-X-I-FRAME-STREAM-INF:" + write_attributes(_iframe_attributes(iframes)))
    return "\n".join(lines) + "\n"


def _check(playlist: MultivariantPlaylist) -> None:
    groups = {
        "AUDIO": {audio.group_id for audio in playlist.audio},
        "SUBTITLES": {each.group_id for each in playlist.subtitles},
    }
    for variant in playlist.variants:
        for kind, wanted in (("AUDIO", variant.audio_group_id), ("SUBTITLES", variant.subtitles_group_id)):
            if wanted is not None and wanted not in groups[kind]:
                raise PlaylistError(f"{variant.uri} names the {kind} group {wanted!r}, which is not there")


def _yes_or_no(answer: bool) -> str:
    return "YES" if answer else "NO"


def _optional(text: str | None) -> str | None:
    return quoted(text) if text is not None else None


def _audio_attributes(audio: AudioRendition) -> dict[str, str | None]:
    return {
        "TYPE": "AUDIO",
        "GROUP-ID": quoted(audio.group_id),
        "NAME": quoted(audio.name),
        "LANGUAGE": _optional(audio.language),
        "DEFAULT": _yes_or_no(audio.is_default),
        "AUTOSELECT": _yes_or_no(audio.is_autoselect),
        "CHARACTERISTICS": _joined(audio.characteristics),
        "CHANNELS": quoted(str(audio.channels)) if audio.channels is not None else None,
        "URI": quoted(audio.uri),
    }


def _subtitle_attributes(subtitles: SubtitleRendition) -> dict[str, str | None]:
    return {
        "TYPE": "SUBTITLES",
        "GROUP-ID": quoted(subtitles.group_id),
        "NAME": quoted(subtitles.name),
        "LANGUAGE": _optional(subtitles.language),
        "DEFAULT": _yes_or_no(subtitles.is_default),
        "AUTOSELECT": _yes_or_no(subtitles.is_autoselect),
        "FORCED": "YES" if subtitles.is_forced else None,
        "CHARACTERISTICS": _joined(subtitles.characteristics),
        "URI": quoted(subtitles.uri),
    }


def _joined(words: tuple[str, ...]) -> str | None:
    return quoted(",".join(words)) if words else None


def _variant_attributes(variant: Variant) -> dict[str, str | None]:
    has_size = variant.width is not None and variant.height is not None
    return {
        "BANDWIDTH": str(variant.bandwidth_bps),
        "AVERAGE-BANDWIDTH": str(variant.average_bandwidth_bps),
        "CODECS": quoted(",".join(variant.codecs)),
        "RESOLUTION": f"{variant.width}x{variant.height}" if has_size else None,
        "FRAME-RATE": str(variant.frame_rate.quantize(Decimal("0.001"))) if variant.frame_rate is not None else None,
        "AUDIO": _optional(variant.audio_group_id),
        "SUBTITLES": _optional(variant.subtitles_group_id),
        "CLOSED-CAPTIONS": "NONE" if variant.has_no_closed_captions else None,
    }


def _iframe_attributes(variant: IFrameVariant) -> dict[str, str | None]:
    return {
        "BANDWIDTH": str(variant.bandwidth_bps),
        "AVERAGE-BANDWIDTH": str(variant.average_bandwidth_bps),
        "CODECS": quoted(",".join(variant.codecs)),
        "RESOLUTION": f"{variant.width}x{variant.height}",
        "URI": quoted(variant.uri),
    }


def parse_multivariant(text: str) -> MultivariantPlaylist:
    """Parse a multivariant playlist; raises PlaylistError."""
    tags: dict[str, str] = {}
    audio: list[AudioRendition] = []
    subtitles: list[SubtitleRendition] = []
    variants: list[Variant] = []
    iframes: list[IFrameVariant] = []
    pending: dict[str, str] | None = None
    for line in lines(text):
        if line.tag == "EXT-X-MEDIA":
            attributes = parse_attributes(line.value)
            if attributes.get("TYPE") == "AUDIO":
                audio.append(_parse_audio(attributes))
            elif attributes.get("TYPE") == "SUBTITLES":
                subtitles.append(_parse_subtitles(attributes))
        elif line.tag == "EXT-X-STREAM-INF":
            pending = parse_attributes(line.value)
        elif line.tag == "EXT-X-I-FRAME-STREAM-INF":
            iframes.append(_parse_iframes(parse_attributes(line.value)))
        elif line.tag == "":
            if pending is None:
                raise PlaylistError(f"{line.value!r} has no EXT-X-STREAM-INF")
            variants.append(_parse_variant(line.value, pending))
            pending = None
        else:
            tags[line.tag] = line.value
    return MultivariantPlaylist(
        variants=tuple(variants),
        audio=tuple(audio),
        start=parse_start(tags.get("EXT-X-START")),
        version=integer(tags.get("EXT-X-VERSION", "1")),
        subtitles=tuple(subtitles),
        iframe_variants=tuple(iframes),
        has_independent_segments="EXT-X-INDEPENDENT-SEGMENTS" in tags,
    )


def _parse_audio(attributes: Mapping[str, str]) -> AudioRendition:
    channels = attributes.get("CHANNELS")
    return AudioRendition(
        group_id=attribute(attributes, "GROUP-ID"),
        name=attribute(attributes, "NAME"),
        uri=attribute(attributes, "URI"),
        language=attributes.get("LANGUAGE"),
        channels=integer(channels.partition("/")[0]) if channels is not None else None,
        is_default=is_yes(attributes, "DEFAULT"),
        is_autoselect=is_yes(attributes, "AUTOSELECT"),
        characteristics=_words(attributes.get("CHARACTERISTICS")),
    )


def _parse_subtitles(attributes: Mapping[str, str]) -> SubtitleRendition:
    return SubtitleRendition(
        group_id=attribute(attributes, "GROUP-ID"),
        name=attribute(attributes, "NAME"),
        uri=attribute(attributes, "URI"),
        language=attributes.get("LANGUAGE"),
        is_default=is_yes(attributes, "DEFAULT"),
        is_autoselect=is_yes(attributes, "AUTOSELECT"),
        is_forced=is_yes(attributes, "FORCED"),
        characteristics=_words(attributes.get("CHARACTERISTICS")),
    )


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _parse_variant(uri: str, attributes: Mapping[str, str]) -> Variant:
    bandwidth = attribute(attributes, "BANDWIDTH")
    width, height = _parse_size(attributes["RESOLUTION"]) if "RESOLUTION" in attributes else (None, None)
    return Variant(
        uri=uri,
        bandwidth_bps=integer(bandwidth),
        average_bandwidth_bps=integer(attributes.get("AVERAGE-BANDWIDTH", bandwidth)),
        codecs=tuple(attribute(attributes, "CODECS").split(",")),
        width=width,
        height=height,
        frame_rate=decimal(attributes["FRAME-RATE"]) if "FRAME-RATE" in attributes else None,
        audio_group_id=attributes.get("AUDIO"),
        subtitles_group_id=attributes.get("SUBTITLES"),
        has_no_closed_captions=attributes.get("CLOSED-CAPTIONS") == "NONE",
    )


def _parse_iframes(attributes: Mapping[str, str]) -> IFrameVariant:
    bandwidth = attribute(attributes, "BANDWIDTH")
    width, height = _parse_size(attribute(attributes, "RESOLUTION"))
    return IFrameVariant(
        uri=attribute(attributes, "URI"),
        bandwidth_bps=integer(bandwidth),
        average_bandwidth_bps=integer(attributes.get("AVERAGE-BANDWIDTH", bandwidth)),
        codecs=tuple(attribute(attributes, "CODECS").split(",")),
        width=width,
        height=height,
    )


def _parse_size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return integer(width), integer(height)
