"""What a live playlist says may only change in the ways that players count on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from millrace.media import hls
from millrace.media.validate import Findings
from millrace.media.validate.reloads import (
    check_delta,
    check_held,
    check_length,
    check_reload,
    check_reports,
    last_part,
    next_part,
)
from tests.media_fixtures.streams import live_playlist

PLACE = "video/media.m3u8"
OTHER = "../audio/media.m3u8"
BEFORE = live_playlist(8, 2, OTHER)
LATER = live_playlist(8, 3, OTHER)
OPEN_PARTS = BEFORE.open_segment.parts if BEFORE.open_segment else ()
Change = Callable[[hls.MediaPlaylist], hls.MediaPlaylist]


def _reload(before: hls.MediaPlaylist, after: hls.MediaPlaylist) -> set[str]:
    found = Findings()
    check_reload(PLACE, before, after, found)
    return {finding.code for finding in found}


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        LATER,
        live_playlist(9, 0, OTHER),
        live_playlist(9, 1, OTHER),
        live_playlist(12, 1, OTHER),
        live_playlist(12, 1, OTHER, first=5),
        replace(live_playlist(9, 0, OTHER), has_ended=True, part_target_s=None, server_control=None, preload_hints=()),
    ],
)
def test_a_stream_that_goes_on_breaks_nothing(after: hls.MediaPlaylist) -> None:
    assert _reload(BEFORE, after) == set()


def _first_segment(**changes: object) -> Change:
    return lambda playlist: replace(
        playlist,
        segments=(replace(playlist.segments[0], **changes), *playlist.segments[1:]),  # type: ignore[arg-type]
    )


def _open_parts(parts: tuple[hls.Part, ...]) -> Change:
    return lambda playlist: replace(playlist, open_segment=hls.OpenSegment(parts, hls.InitSegment("init.mp4")))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("live-sequence", lambda playlist: replace(playlist, media_sequence=0)),
        ("live-removed", lambda playlist: replace(playlist, segments=playlist.segments[:-1])),
        ("live-segment-changed", _first_segment(uri="other.m4s")),
        ("live-segment-changed", _first_segment(duration_s=Decimal("1.9"))),
        (
            "live-segment-changed",
            lambda playlist: _first_segment(
                program_date_time=playlist.segments[0].program_date_time + timedelta(seconds=1)
            )(playlist),
        ),
        ("live-part-changed", _open_parts((hls.Part("other.m4s", Decimal("0.5")),))),
        ("live-part-changed", lambda playlist: replace(playlist, open_segment=None)),
        ("live-properties", lambda playlist: replace(playlist, target_duration_s=3)),
        ("live-properties", lambda playlist: replace(playlist, part_target_s=Decimal(1))),
        ("live-properties", lambda playlist: replace(playlist, server_control=hls.ServerControl())),
        ("live-discontinuity-sequence", lambda playlist: replace(playlist, discontinuity_sequence=1)),
        (
            "live-hint",
            _open_parts((*OPEN_PARTS, hls.Part("surprise.m4s", Decimal("0.5")))),
        ),
    ],
)
def test_a_change_that_players_do_not_expect_is_found(code: str, change: Change) -> None:
    assert code in _reload(BEFORE, change(LATER))


def test_a_stream_that_has_ended_does_not_go_on() -> None:
    ended = replace(BEFORE, has_ended=True)
    assert "live-ended" in _reload(ended, replace(live_playlist(9, 0, OTHER), has_ended=True))


def test_an_event_playlist_keeps_its_segments() -> None:
    event = replace(BEFORE, playlist_type=hls.PlaylistType.EVENT)
    later = replace(live_playlist(9, 0, OTHER, first=2), playlist_type=hls.PlaylistType.EVENT)
    assert "live-removed" in _reload(event, later)


def test_the_last_and_the_next_part_are_known_by_number() -> None:
    assert (next_part(BEFORE), last_part(BEFORE)) == ((9, 2), (9, 1))
    whole = live_playlist(8, 0, OTHER)
    assert (next_part(whole), last_part(whole)) == ((9, 0), (8, -1))


@pytest.mark.parametrize(
    ("asked", "is_early"), [((9, 2), True), ((9, 1), False), ((8, 0), False), ((10, 0), True), ((9, 0), False)]
)
def test_an_answer_without_what_was_asked_for_is_noted(asked: tuple[int, int], is_early: bool) -> None:
    found = Findings()
    check_held(PLACE, asked, BEFORE, found)
    assert bool(list(found)) is is_early


def test_a_delta_update_is_put_together_and_compared() -> None:
    found = Findings()
    later = live_playlist(20, 1, OTHER)
    known = live_playlist(19, 1, OTHER)
    whole = check_delta(PLACE, known, hls.make_delta(later), found)
    assert list(found) == []
    assert whole == later


@pytest.mark.parametrize(
    "change",
    [
        lambda delta: replace(delta, media_sequence=40),
        lambda delta: replace(delta, segments=delta.segments[2:], skipped_segments=delta.skipped_segments + 2),
        lambda delta: replace(delta, segments=(replace(delta.segments[0], uri="other.m4s"), *delta.segments[1:])),
    ],
)
def test_a_wrong_delta_update_is_found(change: Change) -> None:
    found = Findings()
    check_delta(PLACE, live_playlist(20, 0, OTHER), change(hls.make_delta(live_playlist(20, 1, OTHER))), found)
    assert {finding.code for finding in found} == {"live-delta"}


def test_a_report_that_is_behind_what_was_seen_is_found() -> None:
    found = Findings()
    others = {"audio/media.m3u8": live_playlist(10, 3, "x")}
    check_reports(PLACE, BEFORE, others, found)
    assert {finding.code for finding in found} == {"live-report"}
    fresh = Findings()
    check_reports(PLACE, live_playlist(10, 2, OTHER), others, fresh)
    assert list(fresh) == []


def test_a_live_playlist_that_is_too_short_is_found() -> None:
    found = Findings()
    check_length(PLACE, live_playlist(8, 0, OTHER, first=7), found)
    assert {finding.code for finding in found} == {"live-shrunk"}
    enough = Findings()
    check_length(PLACE, live_playlist(8, 0, OTHER, first=6), enough)
    assert list(enough) == []
