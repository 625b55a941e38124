"""Sound tracks have names that are safe and unique, and chunks that cover them."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media.languages import language_of
from millrace.media.plan import EncodePlan, make_plan
from millrace.media.probe import AudioStream, SourceInfo
from millrace.media.timeline import STANDARD_RATES
from tests.media_fixtures.values import a_plan, a_source, a_timeline
from tests.media_fixtures.watching import longest_pause_s


def _stream(index: int, **fields: object) -> AudioStream:
    base = {"index": index, "codec": "aac", "channels": 2, "sample_rate_hz": 48000, "language": "und", "start_s": "0"}
    return AudioStream.model_validate(base | fields)


def _plan(*streams: AudioStream) -> EncodePlan:
    source = a_source().model_copy(update={"audio": streams})
    return make_plan(source, a_timeline(), parallelism=8)


@given(frames=st.integers(2, 400_000), rate=st.sampled_from(STANDARD_RATES))
def test_sound_chunks_cover_every_segment_once(frames: int, rate: Fraction) -> None:
    plan = make_plan(a_source(frame_rate=rate), a_timeline(seconds=frames / rate, frame_rate=rate), parallelism=8)
    bounds = plan.audio_segment_bounds()
    assert plan.audio_chunks[0].start_sample == 0
    assert plan.audio_chunks[-1].end_sample >= plan.duration_s * 48000
    assert plan.audio_chunks[-1].end_frame == bounds[-1][1]
    for before, after in pairwise(plan.audio_chunks):
        assert before.end_sample == after.start_sample
    for chunk in plan.audio_chunks:
        assert bounds[chunk.first_segment - 1][0] == chunk.start_frame


def test_chunks_of_sound_grow_from_one_as_short_as_the_pictures_first() -> None:
    plan = a_plan(seconds=3600)
    lengths_s = [(chunk.end_sample - chunk.start_sample) / 48000 for chunk in plan.audio_chunks]
    assert lengths_s[:3] == [pytest.approx(length, abs=0.03) for length in (4, 16, 120)]
    assert len(lengths_s) == 32


@given(seconds=st.integers(5, 4000), parallelism=st.sampled_from([1, 2, 40]))
def test_sound_made_eight_times_as_fast_as_it_plays_is_heard_without_a_pause(seconds: int, parallelism: int) -> None:
    plan = a_plan(seconds=seconds, parallelism=parallelism)
    lengths_s = [Fraction(chunk.end_sample - chunk.start_sample, 48000) for chunk in plan.audio_chunks]
    assert longest_pause_s(lengths_s, parallelism, pace=Fraction(8), start_s=Fraction(1)) == 0


def test_a_rest_is_no_chunk_of_its_own() -> None:
    assert len(a_plan(seconds=4 + 16 + 120 + 15).audio_chunks) == 3
    assert len(a_plan(seconds=4 + 16 + 120 + 24).audio_chunks) == 4


def test_a_rest_does_not_make_the_second_chunk_late() -> None:
    assert len(a_plan(seconds=4 + 16 + 15).audio_chunks) == 3


def test_a_silent_film_has_no_chunks_of_sound() -> None:
    plan = _plan()
    assert (plan.audio, plan.audio_chunks, plan.default_audio) == ((), (), None)


def test_tracks_are_named_by_their_language_once_each() -> None:
    tracks = _plan(
        _stream(1, language="eng", title="Stereo"),
        _stream(2, language="ger", channels=6, is_default=True),
        _stream(3, language="en", title='The "director"\nspeaks'),
        _stream(4, language="eng"),
        _stream(5),
        _stream(6, channels=1),
    ).audio
    assert [(each.name, each.language, each.label, each.channels) for each in tracks] == [
        ("audio_eng", "en", "Stereo", 2),
        ("audio_deu", "de", "German", 2),
        ("audio_eng_2", "en", "The director speaks", 2),
        ("audio_eng_3", "en", "English", 2),
        ("audio_und", "und", "Sound", 2),
        ("audio_und_2", "und", "Sound 2", 1),
    ]
    assert [each.is_default for each in tracks] == [False, True, False, False, False, False]


def test_the_first_track_is_heard_where_the_file_does_not_say() -> None:
    plan = _plan(_stream(1, language="swe"), _stream(2))
    assert plan.default_audio == plan.audio[0]


def test_a_disc_of_commentaries_is_cut_short() -> None:
    assert len(_plan(*(_stream(index) for index in range(1, 15))).audio) == 8


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=8))
def test_whatever_a_file_calls_its_tracks_names_are_safe_and_unique(said: list[tuple[str, str]]) -> None:
    streams = [_stream(index, language=language, title=title) for index, (language, title) in enumerate(said)]
    tracks = _plan(*streams).audio
    assert len({track.name for track in tracks}) == len({track.label for track in tracks}) == len(said)
    for track in tracks:
        assert set(track.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
        assert not set('"\r\n') & set(track.label)
        assert track.label


@pytest.mark.parametrize(
    ("said", "tag", "code"),
    [
        ("eng", "en", "eng"),
        ("fre", "fr", "fra"),
        ("fr", "fr", "fra"),
        ("pt-BR", "pt-BR", "por-br"),
        ("tlh", "tlh", "tlh"),
        ("", "und", "und"),
        ("../../x", "und", "und"),
        ("Deutsch", "und", "und"),
    ],
)
def test_languages_have_the_shortest_tag(said: str, tag: str, code: str) -> None:
    assert (language_of(said).tag, language_of(said).code) == (tag, code)


def test_a_source_survives_its_json_with_titles() -> None:
    source = a_source().model_copy(update={"audio": (_stream(1, title="Ä"),)})
    assert SourceInfo.model_validate_json(source.model_dump_json()) == source
