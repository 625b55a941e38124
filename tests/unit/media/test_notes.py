"""Owners are told what planning changes of their film."""

from fractions import Fraction
from typing import Any

import pytest

from millrace.media.notes import notes_of
from millrace.media.plan import make_plan
from millrace.media.probe import AudioStream, Packet, SourceInfo
from millrace.media.timeline import Timeline, timeline_from_packets
from tests.media_fixtures.values import a_source, a_timeline


def _notes(source: SourceInfo, timeline: Timeline | None = None) -> tuple[str, ...]:
    grid = timeline or a_timeline()
    return notes_of(source, grid, make_plan(source, grid, parallelism=8))


def _video(**fields: Any) -> SourceInfo:
    source = a_source()
    return source.model_copy(update={"video": source.video.model_copy(update=fields)})


def _stamped(stamps: list[int]) -> Timeline:
    packets = [Packet(pts=stamp, is_keyframe=number % 30 == 0) for number, stamp in enumerate(stamps)]
    return timeline_from_packets(packets, _video(frame_rate=None))


def test_of_an_ordinary_film_there_is_nothing_to_say() -> None:
    assert _notes(a_source(), _stamped([number * 3000 for number in range(300)])) == ()
    rounded = [round(number * 1000 / 30) * 90 for number in range(300)]
    assert _notes(a_source(), _stamped(rounded)) == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"transfer": "smpte2084"}, "HDR (PQ)"),
        ({"transfer": "arib-std-b67"}, "HDR (HLG)"),
        ({"dolby_vision_profile": 5}, "Dolby Vision"),
        ({"is_interlaced": True}, "interlaced"),
    ],
)
def test_a_changed_picture_is_told(fields: dict[str, Any], words: str) -> None:
    (note,) = _notes(_video(**fields))
    assert words in note
    assert note.endswith(".")


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        ([number * 750 for number in range(600)], "120 frames a second; the film has 60."),
        ([number * 3000 for number in range(300) if number % 5 != 3], "varies; the film has an even 30 frames"),
        ([number * 3000 + (900 if number % 7 == 2 else 0) for number in range(300)], "varies"),
    ],
)
def test_a_changed_rate_is_told(stamps: list[int], words: str) -> None:
    (note,) = _notes(_video(frame_rate=None), _stamped(stamps))
    assert words in note


def test_a_late_picture_is_told() -> None:
    source = a_source(start_s=0)
    stamps = [Packet(pts=63_000 + number * 3000, is_keyframe=number == 0) for number in range(100)]
    (note,) = _notes(source, timeline_from_packets(stamps, source))
    assert "0.7 s after the sound" in note


def _sound(channels: int) -> AudioStream:
    return AudioStream(
        index=1, codec="aac", channels=channels, sample_rate_hz=48000, language="eng", start_s=Fraction(0)
    )


def test_changed_sound_is_told() -> None:
    source = a_source().model_copy(
        update={"audio": (_sound(6), *(_sound(2) for _ in range(8))), "unknown_audio_codecs": ("atrac9",)}
    )
    assert _notes(source) == (
        "The first 8 of 9 sound tracks were kept.",
        "Surround sound was mixed down to stereo.",
        "Sound that we cannot decode was left out (atrac9).",
    )
