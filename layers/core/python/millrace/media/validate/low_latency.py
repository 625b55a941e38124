"""Check what makes a playlist low-latency."""

from decimal import Decimal
from typing import Final

from millrace.media.hls import MediaPlaylist, Part, ServerControl
from millrace.media.hls.write_media import MIN_HOLD_BACK, MIN_PART_HOLD_BACK, MIN_SKIP_BOUNDARY
from millrace.media.validate import rules
from millrace.media.validate.findings import Findings

__all__ = ["check_low_latency"]

GOOD_PART_HOLD_BACK: Final = 3
SHORTEST_PART: Final = Decimal("0.85")
# Parts may be listed this many target durations from the end, and the segment that this falls into.
PARTS_WITHIN: Final = 3
SUM_TOLERANCE_S: Final = Decimal("0.1")


def check_low_latency(location: str, playlist: MediaPlaylist, found: Findings) -> None:
    """Check hold-backs, parts, hints and dates."""
    control = playlist.server_control or ServerControl()
    _check_control(location, playlist, control, found)
    if playlist.part_target_s is None:
        if any(segment.parts for segment in playlist.segments) or playlist.open_segment:
            found.add(rules.LL_TARGET, location, "There are parts, but no EXT-X-PART-INF.")
        return
    _check_part_hold_back(location, playlist.part_target_s, control, found)
    _check_parts(location, playlist, playlist.part_target_s, found)
    if not playlist.has_ended:
        _check_end(location, playlist, control, found)


def _check_control(location: str, playlist: MediaPlaylist, control: ServerControl, found: Findings) -> None:
    target_s = playlist.target_duration_s
    if control.hold_back_s is not None and control.hold_back_s < MIN_HOLD_BACK * target_s:
        found.add(rules.LL_HOLD_BACK, location, f"HOLD-BACK is {control.hold_back_s} s, the target {target_s} s.")
    if control.can_skip_until_s is not None and control.can_skip_until_s < MIN_SKIP_BOUNDARY * target_s:
        message = f"CAN-SKIP-UNTIL is {control.can_skip_until_s} s, the target {target_s} s."
        found.add(rules.LL_SKIP_UNTIL, location, message)


def _check_part_hold_back(location: str, part_target_s: Decimal, control: ServerControl, found: Findings) -> None:
    hold_back_s = control.part_hold_back_s
    if hold_back_s is None:
        found.add(rules.LL_CONTROL, location, "There are parts, but no PART-HOLD-BACK.")
    elif hold_back_s < MIN_PART_HOLD_BACK * part_target_s:
        found.add(rules.LL_PART_HOLD_BACK, location, f"It is {hold_back_s} s, the part target {part_target_s} s.")
    elif hold_back_s < GOOD_PART_HOLD_BACK * part_target_s:
        message = f"It is {hold_back_s} s, the part target {part_target_s} s."
        found.add(rules.LL_PART_HOLD_BACK_SHORT, location, message)


def _check_parts(location: str, playlist: MediaPlaylist, part_target_s: Decimal, found: Findings) -> None:
    left_s = playlist.duration_s
    for segment in playlist.segments:
        left_s -= segment.duration_s
        if not segment.parts:
            continue
        _check_lengths(location, segment.parts, part_target_s, found, is_open=False)
        if abs(sum(part.duration_s for part in segment.parts) - segment.duration_s) > SUM_TOLERANCE_S:
            found.add(rules.LL_PART_SUM, location, f"The parts of {segment.uri} are not as long as it is.")
        if not any(part.is_independent for part in segment.parts):
            found.add(rules.LL_INDEPENDENT, location, f"No part of {segment.uri} is independent.")
        if left_s > PARTS_WITHIN * playlist.target_duration_s:
            found.add(rules.LL_PARTS_OLD, location, f"Parts of {segment.uri} are listed {left_s} s from the end.")
    if playlist.open_segment:
        _check_lengths(location, playlist.open_segment.parts, part_target_s, found, is_open=True)


def _check_lengths(
    location: str, parts: tuple[Part, ...], part_target_s: Decimal, found: Findings, *, is_open: bool
) -> None:
    for position, part in enumerate(parts):
        if part.duration_s > part_target_s:
            found.add(
                rules.LL_TARGET, location, f"{part.uri} lasts {part.duration_s} s, the target is {part_target_s} s."
            )
        is_last = position == len(parts) - 1 and not is_open
        if part.duration_s < SHORTEST_PART * part_target_s and not is_last and not part.is_gap:
            found.add(rules.LL_PART_SHORT, location, f"{part.uri} lasts {part.duration_s} s of {part_target_s} s.")


def _check_end(location: str, playlist: MediaPlaylist, control: ServerControl, found: Findings) -> None:
    """Check what a playlist says that goes on."""
    if not control.can_block_reload:
        found.add(rules.LL_NO_RELOAD, location, "CAN-BLOCK-RELOAD is not YES.")
    if not any(hint.type == "PART" for hint in playlist.preload_hints):
        found.add(rules.LL_HINT, location, "There is no EXT-X-PRELOAD-HINT for a part.")
    listed = {(part.uri, part.byte_range.offset if part.byte_range else 0) for part in _all_parts(playlist)}
    for hint in playlist.preload_hints:
        if (hint.uri, hint.byte_start) in listed:
            found.add(rules.LL_HINT_LISTED, location, f"{hint.uri} is announced and listed.")
    dated = [segment.program_date_time for segment in playlist.segments]
    if playlist.segments and not playlist.skipped_segments and not any(dated):
        found.add(rules.LL_DATE, location, "There is no EXT-X-PROGRAM-DATE-TIME.")


def _all_parts(playlist: MediaPlaylist) -> list[Part]:
    parts = [part for segment in playlist.segments for part in segment.parts]
    return parts + list(playlist.open_segment.parts if playlist.open_segment else ())
