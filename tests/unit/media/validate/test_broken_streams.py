"""Whatever is broken in a stream is found, and a good stream has nothing to be found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.media.validate import RULES, Finding, Memory, Severity, validate
from tests.media_fixtures.faults import (
    DASH,
    FILM,
    FILM_FAULTS,
    HLS,
    LIVE,
    LIVE_FAULTS,
    MEDIA,
    PICTURE,
    SOUND,
    Break,
    edit,
    shift,
)
from tests.media_fixtures.streams import SAMPLE_RATE_HZ, Files, a_film, init_segment

# Rules that speak of reloads; `test_reloads.py` breaks them.
OF_RELOADS = {code for code in RULES if code.startswith("live-")}


def _codes(files: Files, location: str) -> set[str]:
    return {finding.code for finding in validate(location, Memory(files))}


@pytest.mark.parametrize(("files", "location"), [(FILM, HLS), (FILM, DASH), (LIVE, HLS)])
def test_a_good_stream_has_nothing_to_be_found(files: Files, location: str) -> None:
    assert list(validate(location, Memory(files))) == []


@pytest.mark.parametrize(
    ("good", "code", "location", "damage"),
    [(FILM, *fault) for fault in FILM_FAULTS] + [(LIVE, *fault) for fault in LIVE_FAULTS],
    ids=[f"{number}-{fault[0]}" for number, fault in enumerate([*FILM_FAULTS, *LIVE_FAULTS])],
)
def test_a_fault_is_found(good: Files, code: str, location: str, damage: Break) -> None:
    files = dict(good)
    damage(files)
    assert code in _codes(files, location)


def test_every_rule_is_broken_by_some_test() -> None:
    broken = {code for code, _, _ in [*FILM_FAULTS, *LIVE_FAULTS]}
    assert broken | OF_RELOADS == set(RULES)


def test_a_finding_says_where_and_who_demands_it() -> None:
    files = dict(FILM)
    edit(MEDIA, "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:3")(files)
    found = [each for each in validate(HLS, Memory(files)) if each.code == "hls-target-exceeded"]
    assert found[0] == Finding(
        "hls-target-exceeded",
        Severity.ERROR,
        MEDIA,
        "RFC 8216bis 4.4.3.1",
        "seg_00001.m4s lasts 4.000000 s, the target is 3 s.",
    )


def test_a_fault_that_repeats_itself_is_written_a_few_times_and_counted() -> None:
    film = a_film(seconds=61)
    for name in [name for name in film if name.startswith(f"{PICTURE}/seg_")]:
        del film[name]
    found = validate(HLS, Memory(film))
    assert sum(each.code == "file-unreadable" and each.place == MEDIA for each in found) == 3
    assert found.left_out()["file-unreadable", MEDIA] == 16 - 3


def test_only_as_many_segments_are_read_as_wanted() -> None:
    files = {name: data for name, data in FILM.items() if "seg_00004" not in name and "seg_00003" not in name}
    assert "file-unreadable" not in {each.code for each in validate(HLS, Memory(files), segments_max=2)}
    assert "file-unreadable" in _codes(files, HLS)


def test_a_live_stream_that_went_on_while_it_was_read_is_not_out_of_step() -> None:
    files = dict(LIVE)
    edit("audio/media.m3u8", "#EXT-X-MEDIA-SEQUENCE:1", "#EXT-X-MEDIA-SEQUENCE:2")(files)
    edit("audio/media.m3u8", "#EXTINF:2.000000,\nseg_00001.m4s\n", "")(files)
    assert _codes(files, HLS) == set()


def test_times_that_an_edit_list_moves_are_those_of_the_manifest() -> None:
    """As ffmpeg writes sound: the first frame lies before the beginning, and an edit list hides it."""
    files = dict(FILM)
    files[f"{SOUND}/init.mp4"] = init_segment(timescale=SAMPLE_RATE_HZ, edits=[(0, 1024)])
    for number in range(2, 5):
        shift(f"{SOUND}/seg_{number:05d}.m4s", 1024)(files)
    assert "dash-time-differs" not in _codes(files, DASH)


@settings(max_examples=30)
@given(st.sampled_from(sorted(FILM)), st.integers(0), st.binary(max_size=6))
def test_no_damage_makes_the_checker_stumble(name: str, at: int, data: bytes) -> None:
    files = dict(FILM)
    at %= len(files[name])
    files[name] = files[name][:at] + data + files[name][at + len(data) + 1 :]
    for location in (HLS, DASH):
        list(validate(location, Memory(files)))
