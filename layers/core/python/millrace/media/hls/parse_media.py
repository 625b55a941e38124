"""Read media playlists."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from millrace.media.hls.lines import (
    attribute,
    decimal,
    integer,
    is_yes,
    lines,
    parse_attributes,
    parse_date,
    parse_range,
)
from millrace.media.hls.values import (
    ByteRange,
    HintType,
    InitSegment,
    MediaPlaylist,
    MediaSegment,
    OpenSegment,
    Part,
    PlaylistError,
    PlaylistType,
    PreloadHint,
    RenditionReport,
    ServerControl,
    Start,
)

__all__ = ["parse_media", "parse_start"]


@dataclass(slots=True)
class _Pending:
    """Collect what belongs to the next segment."""

    duration_s: Decimal | None = None
    range_text: str | None = None
    is_discontinuity: bool = False
    program_date_time: datetime | None = None
    is_gap: bool = False
    parts: list[Part] = field(default_factory=list)


class _Reader:
    """Take the lines of a media playlist one after the other."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.segments: list[MediaSegment] = []
        self.hints: list[PreloadHint] = []
        self.reports: list[RenditionReport] = []
        self._init: InitSegment | None = None
        self._next = _Pending()
        # Where a byte range without an offset goes on: at the end of the one before it, in the same resource.
        self._segment_end: tuple[str, int] | None = None
        self._part_end: tuple[str, int] | None = None

    def take(self, tag: str, value: str) -> None:
        """Take a line."""
        match tag:
            case "":
                self._segment(value)
            case "EXT-X-MAP":
                self._init = _parse_map(parse_attributes(value))
            case "EXT-X-PART":
                self._next.parts.append(self._part(parse_attributes(value)))
            case "EXT-X-PRELOAD-HINT":
                self._hint(parse_attributes(value))
            case "EXT-X-RENDITION-REPORT":
                self.reports.append(_parse_report(parse_attributes(value)))
            case _:
                self._segment_tag(tag, value)

    def _segment_tag(self, tag: str, value: str) -> None:
        """Remember what a tag says about the next segment, or about the playlist."""
        match tag:
            case "EXTINF":
                self._next.duration_s = decimal(value.partition(",")[0])
            case "EXT-X-BYTERANGE":
                self._next.range_text = value
            case "EXT-X-DISCONTINUITY":
                self._next.is_discontinuity = True
            case "EXT-X-PROGRAM-DATE-TIME":
                self._next.program_date_time = parse_date(value)
            case "EXT-X-GAP":
                self._next.is_gap = True
            case _:
                self.tags[tag] = value

    def _segment(self, uri: str) -> None:
        pending, self._next = self._next, _Pending()
        if pending.duration_s is None:
            raise PlaylistError(f"{uri!r} has no EXTINF")
        byte_range = _range(pending.range_text, uri, self._segment_end)
        self._segment_end = (uri, byte_range.end) if byte_range else None
        self.segments.append(
            MediaSegment(
                uri=uri,
                duration_s=pending.duration_s,
                init=self._init,
                byte_range=byte_range,
                is_discontinuity=pending.is_discontinuity,
                program_date_time=pending.program_date_time,
                is_gap=pending.is_gap,
                parts=tuple(pending.parts),
            )
        )

    def _part(self, attributes: dict[str, str]) -> Part:
        uri = attribute(attributes, "URI")
        byte_range = _range(attributes.get("BYTERANGE"), uri, self._part_end)
        self._part_end = (uri, byte_range.end) if byte_range else None
        return Part(
            uri=uri,
            duration_s=decimal(attribute(attributes, "DURATION")),
            is_independent=is_yes(attributes, "INDEPENDENT"),
            byte_range=byte_range,
            is_gap=is_yes(attributes, "GAP"),
        )

    def _hint(self, attributes: dict[str, str]) -> None:
        kind = attribute(attributes, "TYPE")
        # Unknown kinds are for later players (4.4.5.3).
        if kind in HintType.__members__:
            length = attributes.get("BYTERANGE-LENGTH")
            self.hints.append(
                PreloadHint(
                    uri=attribute(attributes, "URI"),
                    type=HintType(kind),
                    byte_start=integer(attributes.get("BYTERANGE-START", "0")),
                    byte_length=integer(length) if length is not None else None,
                )
            )

    def open_segment(self) -> OpenSegment | None:
        """Return what is left when all lines are taken."""
        pending = self._next
        if pending.duration_s is not None:
            raise PlaylistError("the last EXTINF has no segment")
        if not pending.parts:
            return None
        return OpenSegment(tuple(pending.parts), self._init, pending.is_discontinuity, pending.program_date_time)


def parse_media(text: str) -> MediaPlaylist:
    """Parse a media playlist; raises PlaylistError."""
    reader = _Reader()
    for line in lines(text):
        reader.take(line.tag, line.value)
    tags = reader.tags
    return MediaPlaylist(
        target_duration_s=integer(_tag(tags, "EXT-X-TARGETDURATION")),
        segments=tuple(reader.segments),
        media_sequence=integer(tags.get("EXT-X-MEDIA-SEQUENCE", "0")),
        discontinuity_sequence=integer(tags.get("EXT-X-DISCONTINUITY-SEQUENCE", "0")),
        playlist_type=_parse_type(tags.get("EXT-X-PLAYLIST-TYPE")),
        has_ended="EXT-X-ENDLIST" in tags,
        is_iframes_only="EXT-X-I-FRAMES-ONLY" in tags,
        has_independent_segments="EXT-X-INDEPENDENT-SEGMENTS" in tags,
        start=parse_start(tags.get("EXT-X-START")),
        part_target_s=_parse_part_target(tags.get("EXT-X-PART-INF")),
        server_control=_parse_control(tags.get("EXT-X-SERVER-CONTROL")),
        skipped_segments=_parse_skip(tags.get("EXT-X-SKIP")),
        open_segment=reader.open_segment(),
        preload_hints=tuple(reader.hints),
        rendition_reports=tuple(reader.reports),
        version=integer(tags.get("EXT-X-VERSION", "1")),
    )


def parse_start(value: str | None) -> Start | None:
    """Parse the value of EXT-X-START."""
    if value is None:
        return None
    attributes = parse_attributes(value)
    return Start(decimal(attribute(attributes, "TIME-OFFSET")), is_yes(attributes, "PRECISE"))


def _parse_type(value: str | None) -> PlaylistType | None:
    if value is None:
        return None
    if value not in PlaylistType.__members__:
        raise PlaylistError(f"unknown playlist type {value!r}")
    return PlaylistType(value)


def _parse_part_target(value: str | None) -> Decimal | None:
    return decimal(attribute(parse_attributes(value), "PART-TARGET")) if value is not None else None


def _parse_skip(value: str | None) -> int:
    return integer(attribute(parse_attributes(value), "SKIPPED-SEGMENTS")) if value is not None else 0


def _parse_control(value: str | None) -> ServerControl | None:
    if value is None:
        return None
    attributes = parse_attributes(value)

    def seconds(name: str) -> Decimal | None:
        return decimal(attributes[name]) if name in attributes else None

    return ServerControl(
        can_block_reload=is_yes(attributes, "CAN-BLOCK-RELOAD"),
        part_hold_back_s=seconds("PART-HOLD-BACK"),
        hold_back_s=seconds("HOLD-BACK"),
        can_skip_until_s=seconds("CAN-SKIP-UNTIL"),
    )


def _parse_map(attributes: dict[str, str]) -> InitSegment:
    byte_range = attributes.get("BYTERANGE")
    # Here a range without an offset begins at the first byte (4.4.4.5).
    return InitSegment(
        attribute(attributes, "URI"), parse_range(byte_range, implied_offset=0) if byte_range is not None else None
    )


def _parse_report(attributes: dict[str, str]) -> RenditionReport:
    last_part = attributes.get("LAST-PART")
    return RenditionReport(
        uri=attribute(attributes, "URI"),
        last_msn=integer(attribute(attributes, "LAST-MSN")),
        last_part=integer(last_part) if last_part is not None else None,
    )


def _range(text: str | None, uri: str, before: tuple[str, int] | None) -> ByteRange | None:
    if text is None:
        return None
    return parse_range(text, before[1] if before and before[0] == uri else None)


def _tag(tags: dict[str, str], name: str) -> str:
    if name not in tags:
        raise PlaylistError(f"no {name}")
    return tags[name]
