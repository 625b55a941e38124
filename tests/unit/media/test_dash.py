"""Manifests survive writing and reading."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media import dash

SECONDS = st.integers(1, 10**8).map(lambda milliseconds: Decimal(milliseconds).scaleb(-3))
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=9)
NUMBERS = st.none() | st.integers(1, 10**5)
RUNS = st.lists(st.builds(dash.Run, st.integers(0, 10**12), st.integers(1, 10**7), st.integers(1, 999)), max_size=4)
REPRESENTATIONS = st.builds(
    dash.Representation,
    id=WORDS,
    codecs=WORDS,
    bandwidth_bps=st.integers(1, 10**9),
    timescale=st.integers(1, 10**6),
    timeline=RUNS.map(tuple),
    start_number=st.integers(0, 99),
    width=NUMBERS,
    height=NUMBERS,
    frame_rate=st.none() | st.fractions(min_value=1, max_value=60, max_denominator=1001),
    sampling_rate_hz=NUMBERS,
    channels=NUMBERS,
)
SETS = st.builds(
    dash.AdaptationSet,
    st.integers(0, 9),
    st.sampled_from(["video", "audio"]),
    st.lists(REPRESENTATIONS, max_size=3).map(tuple),
    st.none() | WORDS,
)


@given(st.builds(dash.Manifest, SECONDS, SECONDS, st.lists(SETS, max_size=2).map(tuple)))
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
    picture = dash.Representation("v", "avc1", 1, 30000, (), frame_rate=Fraction(30000, 1001))
    text = dash.write(dash.Manifest(Decimal(1), Decimal(1), (dash.AdaptationSet(0, "video", (picture,)),)))
    assert 'frameRate="30000/1001"' in text
