"""Manifests survive writing and reading."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpd_inspector import MPDParser

from millrace.media import dash

SECONDS = st.integers(1, 10**8).map(lambda milliseconds: Decimal(milliseconds).scaleb(-3))
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=9)
NUMBERS = st.none() | st.integers(1, 10**5)
NAMES = st.none() | WORDS
ROLES = st.none() | st.sampled_from(["main", "dub", "caption"])
DATES = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
RUNS = st.lists(st.builds(dash.Run, st.integers(0, 10**12), st.integers(1, 10**7), st.integers(1, 999)), max_size=4)
REPRESENTATIONS = st.builds(
    dash.Representation,
    id=WORDS,
    codecs=WORDS,
    bandwidth_bps=st.integers(1, 10**9),
    timescale=st.integers(1, 10**6),
    timeline=RUNS.filter(bool).map(tuple),
    start_number=st.integers(0, 99),
    width=NUMBERS,
    height=NUMBERS,
    frame_rate=st.none() | st.fractions(min_value=1, max_value=60, max_denominator=1001),
    sampling_rate_hz=NUMBERS,
    channels=NUMBERS,
    presentation_time_offset=st.integers(0, 10**12),
    availability_offset_s=st.none() | SECONDS,
    is_complete_when_available=st.booleans(),
    initialization=WORDS,
    media=WORDS,
) | st.builds(
    dash.Representation,
    id=WORDS,
    codecs=WORDS,
    bandwidth_bps=st.integers(1, 10**9),
    timescale=st.integers(1, 10**6),
    timeline=st.just(()),
    segment_duration=st.integers(1, 10**6),
)
SETS = st.builds(
    dash.AdaptationSet,
    st.integers(0, 9),
    st.sampled_from(["video", "audio"]),
    st.lists(REPRESENTATIONS, max_size=3).map(tuple),
    NAMES,
    NAMES,
    ROLES,
)
CAPTIONS = st.builds(dash.Captions, st.integers(0, 9), WORDS, WORDS, NAMES, NAMES, ROLES, st.integers(1, 999))
PERIODS = st.builds(
    dash.Period,
    st.lists(SETS, max_size=2).map(tuple),
    st.lists(CAPTIONS, max_size=2).map(tuple),
    WORDS,
    SECONDS,
    st.none() | SECONDS,
)
LIVE = st.builds(
    dash.Live,
    DATES,
    DATES,
    SECONDS,
    st.none() | SECONDS,
    st.none() | SECONDS,
    st.none() | SECONDS,
    st.none() | st.builds(dash.ClockSource, WORDS, st.sampled_from([dash.CLOCK_HEAD, dash.CLOCK_ISO])),
    st.none()
    | st.builds(dash.Latency, st.integers(1, 9999), NUMBERS, NUMBERS, st.none() | SECONDS, st.none() | SECONDS),
)


@given(
    st.builds(dash.Manifest, SECONDS, SECONDS, st.lists(PERIODS, max_size=2).map(tuple), st.none() | LIVE)
    | st.builds(dash.Manifest, st.none(), SECONDS, st.lists(PERIODS, max_size=2).map(tuple), LIVE)
)
def test_a_manifest_is_read_as_it_was_written(manifest: dash.Manifest) -> None:
    assert dash.parse(dash.write(manifest)) == manifest


@given(st.lists(st.integers(1, 5), max_size=30))
def test_runs_time_every_segment(durations: list[int]) -> None:
    segments = [(sum(durations[:position]), duration) for position, duration in enumerate(durations)]
    unrolled = [
        (run.start + run.duration * number, run.duration) for run in dash.runs(segments) for number in range(run.count)
    ]
    assert unrolled == segments


@pytest.mark.parametrize(
    "text", ["", "<MPD/>", "<a", '<!DOCTYPE x [<!ENTITY a "b">]><MPD/>', '<MPD mediaPresentationDuration="x"/>']
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(dash.ManifestError):
        dash.parse(text)


def test_the_frame_rate_stays_exact() -> None:
    picture = dash.Representation("v", "avc1", 1, 30000, (dash.Run(0, 1001, 1),), frame_rate=Fraction(30000, 1001))
    text = dash.write(
        dash.Manifest(Decimal(1), Decimal(1), (dash.Period((dash.AdaptationSet(0, "video", (picture,)),)),))
    )
    assert 'frameRate="30000/1001"' in text


def _live(*representations: dash.Representation, duration_s: Decimal | None = None) -> dash.Manifest:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    live = dash.Live(
        begin,
        begin,
        Decimal(2),
        Decimal(30),
        clock=dash.ClockSource("/api/time"),
        latency=dash.Latency(3000, max_playback_rate=Decimal("1.04")),
    )
    return dash.Manifest(
        duration_s, Decimal(2), (dash.Period((dash.AdaptationSet(0, "video", representations),)),), live
    )


def test_an_independent_reader_understands_a_live_manifest() -> None:
    picture = dash.Representation("v", "avc1.64001f", 1, 1000, (dash.Run(0, 2000, 9),), width=2, height=2)
    mpd = MPDParser.from_string(dash.write(_live(picture)))
    assert mpd.type.value == "dynamic"
    assert mpd.minimum_update_period == timedelta(seconds=2)
    assert mpd.time_shift_buffer_depth == timedelta(seconds=30)
    assert [each.value for each in mpd.utc_timings] == ["/api/time"]


def test_what_no_player_could_time_is_not_written() -> None:
    timed = dash.Representation("v", "avc1", 1, 1000, (dash.Run(0, 2000, 9),))
    for picture in (replace(timed, timeline=()), replace(timed, segment_duration=2000)):
        with pytest.raises(dash.ManifestError, match="either a timeline or a segment duration"):
            dash.write(_live(picture))
    with pytest.raises(dash.ManifestError, match="duration"):
        dash.write(replace(_live(timed), live=None))


@pytest.mark.parametrize(("text", "seconds"), [("PT1.5S", "1.5"), ("P1DT1H1M1S", "90061"), ("PT0H0M10.0S", "10")])
def test_durations_are_read_however_they_are_written(text: str, seconds: str) -> None:
    manifest = f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="{text}" minBufferTime="PT1S"/>'
    assert dash.parse(manifest).duration_s == Decimal(seconds)
