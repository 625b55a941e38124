"""Write media playlists, and refuse those that break a promise."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from millrace.media.hls.lines import (
    byte_range_text,
    date_text,
    decimal_text,
    quoted,
    uri_line,
    write_attributes,
)
from millrace.media.hls.values import (
    LOW_LATENCY_VERSION,
    InitSegment,
    MediaPlaylist,
    MediaSegment,
    OpenSegment,
    Part,
    PlaylistError,
    PreloadHint,
    RenditionReport,
    ServerControl,
    Start,
)

__all__ = ["start_lines", "write_media"]

_MICROSECOND: Final = Decimal("0.000001")
# The least that hold-backs and the skip boundary may be (4.4.3.8), in part targets or target durations.
MIN_PART_HOLD_BACK: Final = 2
MIN_HOLD_BACK: Final = 3
MIN_SKIP_BOUNDARY: Final = 6


def write_media(playlist: MediaPlaylist) -> str:
    """Write a media playlist; raises PlaylistError for one that no player could trust."""
    _check(playlist)
    lines = [*_head(playlist)]
    init: InitSegment | None = None
    for segment in playlist.segments:
        lines += _opening(segment, init)
        lines += [_part_line(part) for part in segment.parts]
        lines += _segment_lines(segment)
        init = segment.init
    if playlist.open_segment is not None:
        lines += _opening(playlist.open_segment, init)
        lines += [_part_line(part) for part in playlist.open_segment.parts]
    lines += [_hint_line(hint) for hint in playlist.preload_hints]
    lines += [_report_line(report) for report in playlist.rendition_reports]
    if playlist.has_ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _head(playlist: MediaPlaylist) -> Iterable[str]:
    yield "#EXTM3U"
    yield f"#EXT-X-VERSION:{playlist.version}"
    yield f"#EXT-X-TARGETDURATION:{playlist.target_duration_s}"
    if playlist.server_control is not None:
        yield _control_line(playlist.server_control)
    if playlist.part_target_s is not None:
        yield f"#EXT-X-PART-INF:PART-TARGET={decimal_text(playlist.part_target_s)}"
    yield f"#EXT-X-MEDIA-SEQUENCE:{playlist.media_sequence}"
    if playlist.discontinuity_sequence:
        yield f"#EXT-X-DISCONTINUITY-SEQUENCE:{playlist.discontinuity_sequence}"
    if playlist.playlist_type is not None:
        yield f"#EXT-X-PLAYLIST-TYPE:{playlist.playlist_type.value}"
    if playlist.is_iframes_only:
        yield "#EXT-X-I-FRAMES-ONLY"
    if playlist.has_independent_segments:
        yield "#EXT-X-INDEPENDENT-SEGMENTS"
    yield from start_lines(playlist.start)
    if playlist.skipped_segments:
        yield f"#EXT-X-SKIP:SKIPPED-SEGMENTS={playlist.skipped_segments}"


def start_lines(start: Start | None) -> list[str]:
    """Write EXT-X-START, if there is one."""
    if start is None:
        return []
    precise = "YES" if start.is_precise else None
    attributes = {"TIME-OFFSET": decimal_text(start.time_offset_s), "PRECISE": precise}
    return ["#EXT-X-START:" + write_attributes(attributes)]


def _control_line(control: ServerControl) -> str:
    attributes = {
        "CAN-BLOCK-RELOAD": "YES" if control.can_block_reload else None,
        "CAN-SKIP-UNTIL": _optional(control.can_skip_until_s),
        "HOLD-BACK": _optional(control.hold_back_s),
        "PART-HOLD-BACK": _optional(control.part_hold_back_s),
    }
    return "#EXT-X-SERVER-CONTROL:" + write_attributes(attributes)


def _optional(seconds: Decimal | None) -> str | None:
    return decimal_text(seconds) if seconds is not None else None


def _opening(segment: MediaSegment | OpenSegment, init: InitSegment | None) -> Iterable[str]:
    """Write what must stand before the first part."""
    if segment.is_discontinuity:
        yield "#EXT-X-DISCONTINUITY"
    if segment.init != init:
        if segment.init is None:
            raise PlaylistError("an init segment holds for all segments after it")
        yield "#EXT-X-MAP:" + write_attributes(_map_attributes(segment.init))
    if segment.program_date_time is not None:
        yield f"#EXT-X-PROGRAM-DATE-TIME:{date_text(segment.program_date_time)}"


def _map_attributes(init: InitSegment) -> dict[str, str | None]:
    byte_range = quoted(byte_range_text(init.byte_range)) if init.byte_range else None
    return {"URI": quoted(init.uri), "BYTERANGE": byte_range}


def _segment_lines(segment: MediaSegment) -> Iterable[str]:
    if segment.is_gap:
        yield "#EXT-X-GAP"
    yield f"#EXTINF:{segment.duration_s.quantize(_MICROSECOND)},"
    if segment.byte_range is not None:
        yield f"#EXT-X-BYTERANGE:{byte_range_text(segment.byte_range)}"
    yield uri_line(segment.uri)


def _part_line(part: Part) -> str:
    attributes = {
        "DURATION": decimal_text(part.duration_s),
        "URI": quoted(part.uri),
        "INDEPENDENT": "YES" if part.is_independent else None,
        "BYTERANGE": quoted(byte_range_text(part.byte_range)) if part.byte_range else None,
        "GAP": "YES" if part.is_gap else None,
    }
    return "#EXT-X-PART:" + write_attributes(attributes)


def _hint_line(hint: PreloadHint) -> str:
    attributes = {
        "TYPE": hint.type.value,
        "URI": quoted(hint.uri),
        "BYTERANGE-START": str(hint.byte_start) if hint.byte_start else None,
        "BYTERANGE-LENGTH": str(hint.byte_length) if hint.byte_length is not None else None,
    }
    return "#EXT-X-PRELOAD-HINT:" + write_attributes(attributes)


def _report_line(report: RenditionReport) -> str:
    attributes = {
        "URI": quoted(report.uri),
        "LAST-MSN": str(report.last_msn),
        "LAST-PART": str(report.last_part) if report.last_part is not None else None,
    }
    return "#EXT-X-RENDITION-REPORT:" + write_attributes(attributes)


def _check(playlist: MediaPlaylist) -> None:
    for segment in playlist.segments:
        # Rounded to the nearest second, no segment may exceed the target (4.4.3.1).
        if segment.duration_s.quantize(Decimal(1), ROUND_HALF_UP) > playlist.target_duration_s:
            raise PlaylistError(f"{segment.uri} lasts {segment.duration_s} s, target {playlist.target_duration_s} s")
        if playlist.is_iframes_only and segment.byte_range is None:
            raise PlaylistError(f"{segment.uri} is a whole segment among key frames")
    if playlist.skipped_segments and playlist.version < LOW_LATENCY_VERSION:
        raise PlaylistError(f"EXT-X-SKIP needs version {LOW_LATENCY_VERSION}")
    if playlist.open_segment is not None and not playlist.open_segment.parts:
        raise PlaylistError("an open segment without parts")
    _check_parts(playlist)
    _check_control(playlist)


def _check_parts(playlist: MediaPlaylist) -> None:
    open_parts = playlist.open_segment.parts if playlist.open_segment else ()
    for part in (*(part for segment in playlist.segments for part in segment.parts), *open_parts):
        if playlist.part_target_s is None:
            raise PlaylistError(f"{part.uri} is a part, but there is no part target")
        if part.duration_s > playlist.part_target_s:
            raise PlaylistError(f"{part.uri} lasts {part.duration_s} s, part target {playlist.part_target_s} s")


def _check_control(playlist: MediaPlaylist) -> None:
    control = playlist.server_control or ServerControl()
    target_s = playlist.target_duration_s
    if playlist.part_target_s is not None:
        if control.part_hold_back_s is None:
            raise PlaylistError("parts need a PART-HOLD-BACK")
        if control.part_hold_back_s < MIN_PART_HOLD_BACK * playlist.part_target_s:
            raise PlaylistError(f"PART-HOLD-BACK {control.part_hold_back_s} s is below two part targets")
    if control.hold_back_s is not None and control.hold_back_s < MIN_HOLD_BACK * target_s:
        raise PlaylistError(f"HOLD-BACK {control.hold_back_s} s is below three target durations")
    if control.can_skip_until_s is not None and control.can_skip_until_s < MIN_SKIP_BOUNDARY * target_s:
        raise PlaylistError(f"CAN-SKIP-UNTIL {control.can_skip_until_s} s is below six target durations")
