"""Compare what a DASH manifest said before with what it says now (ISO/IEC 23009-1 5.4)."""

from xml.etree import ElementTree as ET

from millrace.media.dash.schema import parse_date, tag
from millrace.media.validate import rules
from millrace.media.validate.findings import Findings
from millrace.media.validate.mpd import Piece, Track, base_of, pieces_of, tracks_of

__all__ = ["check_manifest_reload"]

_Place = tuple[str, str]


def check_manifest_reload(location: str, before: ET.Element, after: ET.Element, found: Findings) -> None:
    """Check that a manifest changed only as it may; raises what reading a broken one raises."""
    if before.get("type") != "dynamic":
        if ET.tostring(before) != ET.tostring(after):
            found.add(rules.LIVE_MPD_ENDED, location, "The presentation was static, and changed.")
        return
    is_live = after.get("type") == "dynamic"
    if is_live and before.get("availabilityStartTime") != after.get("availabilityStartTime"):
        found.add(rules.LIVE_MPD, location, "availabilityStartTime changed.")
    old, new = _timelines(location, before), _timelines(location, after)
    for place in old.keys() & new.keys():
        _check_track(location, place, old[place], new[place], found)
    if is_live and _published(after) < _published(before):
        found.add(rules.LIVE_MPD_PUBLISHED, location, "publishTime went back.")
    elif is_live and old != new and _published(after) == _published(before):
        found.add(rules.LIVE_MPD_PUBLISHED, location, "The manifest changed, and publishTime did not.")


def _published(root: ET.Element) -> float:
    return parse_date(root.get("publishTime", "1970-01-01T00:00:00Z")).timestamp()


def _timelines(location: str, root: ET.Element) -> dict[_Place, dict[int, Piece]]:
    """Return the segments of each track by their number."""
    base = base_of(root, location)
    found: dict[_Place, dict[int, Piece]] = {}
    for period in root.iterfind(tag("Period")):
        inside = base_of(period, base)
        for adaptation_set in period.iterfind(tag("AdaptationSet")):
            for track in tracks_of(adaptation_set, base_of(adaptation_set, inside)):
                if track.timeline is not None:
                    found[period.get("id", ""), track.id] = _by_number(track, root)
    return found


def _by_number(track: Track, root: ET.Element) -> dict[int, Piece]:
    return {piece.number: piece for piece in pieces_of(track, root)}


def _check_track(location: str, place: _Place, old: dict[int, Piece], new: dict[int, Piece], found: Findings) -> None:
    changed = [number for number in old.keys() & new.keys() if old[number] != new[number]]
    if changed:
        found.add(rules.LIVE_MPD, location, f"Representation {place[1]}: segment {min(changed)} changed.")
    if old and (not new or max(new) < max(old)):
        found.add(rules.LIVE_MPD, location, f"Representation {place[1]}: segment {max(old)} is not listed any more.")
