"""Compare what a live playlist said before with what it says now (RFC 8216bis 6.2)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from millrace.media.hls import (
    HintType,
    MediaPlaylist,
    MediaSegment,
    Part,
    PlaylistError,
    PlaylistType,
    ServerControl,
    apply_delta,
)
from millrace.media.validate import rules
from millrace.media.validate.findings import Findings
from millrace.media.validate.reader import resolve

__all__ = ["check_delta", "check_held", "check_length", "check_reload", "check_reports", "last_part", "next_part"]

# Dates are written in milliseconds by some and computed anew by others.
DATE_TOLERANCE: Final = timedelta(milliseconds=1)
LEAST_TARGETS: Final = 3


def check_reload(location: str, before: MediaPlaylist, after: MediaPlaylist, found: Findings) -> None:
    """Check that a playlist changed only as it may; both are whole, not delta updates."""
    _check_properties(location, before, after, found)
    if after.media_sequence < before.media_sequence:
        message = f"The media sequence went from {before.media_sequence} back to {after.media_sequence}."
        found.add(rules.LIVE_SEQUENCE, location, message)
        return
    if after.open_msn < before.open_msn:
        message = f"Segment {before.open_msn - 1} was listed and is not any more."
        found.add(rules.LIVE_REMOVED, location, message)
    if before.playlist_type is PlaylistType.EVENT and after.media_sequence > before.media_sequence:
        found.add(rules.LIVE_REMOVED, location, "Segments left a playlist of type EVENT.")
    if before.has_ended and (not after.has_ended or after.open_msn != before.open_msn):
        found.add(rules.LIVE_ENDED, location, "The playlist had ended, and goes on.")
    for number, old, new in _common(before, after):
        _check_segment(location, number, old, new, found)
    _check_open(location, before, after, found)
    _check_discontinuities(location, before, after, found)
    _check_hint(location, before, after, found)


def _check_properties(location: str, before: MediaPlaylist, after: MediaPlaylist, found: Findings) -> None:
    constant: dict[str, tuple[object, object]] = {
        "EXT-X-TARGETDURATION": (before.target_duration_s, after.target_duration_s),
        "EXT-X-PART-INF": (before.part_target_s, after.part_target_s),
        **_controls(before.server_control or ServerControl(), after.server_control or ServerControl()),
    }
    # A stream that ends may become VOD, and needs neither parts nor hold-backs any more.
    if after.has_ended:
        constant = {name: constant[name] for name in ("EXT-X-TARGETDURATION",)}
    else:
        constant["EXT-X-PLAYLIST-TYPE"] = (before.playlist_type, after.playlist_type)
    for name, (old, new) in constant.items():
        if old != new:
            found.add(rules.LIVE_PROPERTIES, location, f"{name} changed from {old} to {new}.")


def _controls(before: ServerControl, after: ServerControl) -> dict[str, tuple[object, object]]:
    return {
        "CAN-BLOCK-RELOAD": (before.can_block_reload, after.can_block_reload),
        "PART-HOLD-BACK": (before.part_hold_back_s, after.part_hold_back_s),
        "HOLD-BACK": (before.hold_back_s, after.hold_back_s),
        "CAN-SKIP-UNTIL": (before.can_skip_until_s, after.can_skip_until_s),
    }


def _common(before: MediaPlaylist, after: MediaPlaylist) -> Iterator[tuple[int, MediaSegment, MediaSegment]]:
    """Yield the segments that both list, by their number."""
    first = max(before.media_sequence, after.media_sequence)
    for number in range(first, min(before.open_msn, after.open_msn)):
        yield number, before.segments[number - before.media_sequence], after.segments[number - after.media_sequence]


def _check_segment(location: str, number: int, old: MediaSegment, new: MediaSegment, found: Findings) -> None:
    same = (old.uri, old.duration_s, old.byte_range, old.is_discontinuity, old.init)
    if same != (new.uri, new.duration_s, new.byte_range, new.is_discontinuity, new.init):
        found.add(rules.LIVE_SEGMENT, location, f"Segment {number}, {old.uri}, became another one: {new.uri}.")
    elif (
        old.program_date_time
        and new.program_date_time
        and abs(old.program_date_time - new.program_date_time) > DATE_TOLERANCE
    ):
        found.add(rules.LIVE_SEGMENT, location, f"The date of segment {number} changed.")
    _check_parts(location, number, old.parts, new.parts, found)


def _check_parts(location: str, number: int, old: Sequence[Part], new: Sequence[Part], found: Findings) -> None:
    """Compare the parts of a segment; once they are old, all of them may go."""
    if new and tuple(new[: len(old)]) != tuple(old):
        found.add(rules.LIVE_PART, location, f"The parts of segment {number} are not those that were listed.")


def _check_open(location: str, before: MediaPlaylist, after: MediaPlaylist, found: Findings) -> None:
    """Follow the open segment into the next playlist, where it may be complete."""
    if before.open_segment is None:
        return
    number = before.open_msn
    new = _parts_of(after, number)
    if number == after.open_msn and not new:
        found.add(rules.LIVE_PART, location, f"The parts of segment {number} are gone.")
    _check_parts(location, number, before.open_segment.parts, new, found)


def _check_discontinuities(location: str, before: MediaPlaylist, after: MediaPlaylist, found: Findings) -> None:
    gone = before.segments[: after.media_sequence - before.media_sequence]
    if len(gone) < after.media_sequence - before.media_sequence:
        return
    expected = before.discontinuity_sequence + sum(segment.is_discontinuity for segment in gone)
    if after.discontinuity_sequence != expected:
        message = f"EXT-X-DISCONTINUITY-SEQUENCE is {after.discontinuity_sequence}, expected {expected}."
        found.add(rules.LIVE_DISCONTINUITY, location, message)


def _check_hint(location: str, before: MediaPlaylist, after: MediaPlaylist, found: Findings) -> None:
    """Compare what was announced with the part that came."""
    hints = [hint.uri for hint in before.preload_hints if hint.type is HintType.PART]
    number, part = next_part(before)
    came = _part_at(after, number, part)
    if came is None and 0 < len(_parts_of(after, number)) <= part and number < after.open_msn:
        # The segment ended with what was listed of it.
        came = _part_at(after, number + 1, 0)
    if hints and came and came.uri not in hints:
        found.add(rules.LIVE_HINT, location, f"{hints[0]} was announced, {came.uri} came.")


def next_part(playlist: MediaPlaylist) -> tuple[int, int]:
    """Return the segment and part that come next."""
    return playlist.open_msn, len(playlist.open_segment.parts) if playlist.open_segment else 0


def last_part(playlist: MediaPlaylist) -> tuple[int, int]:
    """Return the last segment and part that are listed; part -1 is a whole segment."""
    number, part = next_part(playlist)
    return (number, part - 1) if part else (number - 1, -1)


def _parts_of(playlist: MediaPlaylist, number: int) -> Sequence[Part]:
    """Return the listed parts of a segment, complete or open."""
    if number == playlist.open_msn and playlist.open_segment:
        return playlist.open_segment.parts
    if playlist.media_sequence <= number < playlist.open_msn:
        return playlist.segments[number - playlist.media_sequence].parts
    return ()


def _part_at(playlist: MediaPlaylist, number: int, part: int) -> Part | None:
    parts = _parts_of(playlist, number)
    return parts[part] if part < len(parts) else None


def check_held(location: str, asked: tuple[int, int], answer: MediaPlaylist, found: Findings) -> None:
    """Check the answer to a request for a segment and part: it holds them, or the stream has ended."""
    number, part = asked
    is_there = number < answer.open_msn or _part_at(answer, number, part) is not None
    if not is_there and not answer.has_ended:
        message = f"The answer to a request for segment {number}, part {part}, came without it."
        found.add(rules.LIVE_BLOCKING_SHORT, location, message)


def check_delta(location: str, before: MediaPlaylist, delta: MediaPlaylist, found: Findings) -> MediaPlaylist | None:
    """Check a delta update against a whole playlist read before it; returns the whole playlist of now."""
    try:
        after = apply_delta(before, delta)
    except PlaylistError as error:
        found.add(rules.LIVE_DELTA, location, f"{error}.")
        return None
    differing = Findings()
    for number, old, new in _common(before, after):
        _check_segment(location, number, old, new, differing)
    for finding in differing:
        found.add(rules.LIVE_DELTA, location, finding.message)
    boundary_s = delta.server_control.can_skip_until_s if delta.server_control else None
    if delta.skipped_segments and (boundary_s is None or delta.duration_s < boundary_s - delta.target_duration_s):
        found.add(rules.LIVE_DELTA, location, "More was skipped than CAN-SKIP-UNTIL allows.")
    return after


def check_reports(location: str, playlist: MediaPlaylist, others: dict[str, MediaPlaylist], found: Findings) -> None:
    """Compare reports with playlists that were read before: a report is not behind them by more than a part."""
    for report in playlist.rendition_reports:
        other = others.get(resolve(location, report.uri))
        if other is None:
            continue
        number, part = last_part(other)
        reported = (report.last_msn, report.last_part if report.last_part is not None else -1)
        if reported < (number, part - 1) and reported[0] < number:
            message = f"The report on {report.uri} says segment {report.last_msn}, it was at {number} before."
            found.add(rules.LIVE_REPORT, location, message)


def check_length(location: str, playlist: MediaPlaylist, found: Findings) -> None:
    """Require of a playlist out of which segments went that enough is left."""
    is_sliding = playlist.media_sequence > 1 and playlist.playlist_type is None and not playlist.has_ended
    if (
        is_sliding
        and not playlist.skipped_segments
        and playlist.duration_s < LEAST_TARGETS * playlist.target_duration_s
    ):
        found.add(rules.LIVE_SHRUNK, location, f"The playlist is only {playlist.duration_s} s long.")
