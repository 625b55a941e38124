"""What publishers do, and what viewers get of it."""

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from millrace.media import flv
from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest import stream
from tests.integration.ingest.studio import Shelf, publish, tags_of
from tests.media_fixtures.live_clip import publishable
from tests.media_fixtures.tools import FFMPEG

ALL = {"video_source", "video_60p", "audio"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publishable(tmp_path_factory.mktemp("clip") / "a.flv", seconds=6)


def assert_sound(shelf: Shelf) -> None:
    """Expect what holds for every stream: all named is stored, numbers have no hole, segments are not too long."""
    assert not shelf.faults
    numbers = [segment.number for segment in shelf.segments]
    assert numbers == list(range(1, len(numbers) + 1))
    for before, after in pairwise(shelf.segments):
        assert after.program_date_time > before.program_date_time
    for segment in shelf.segments:
        for name, track in segment.tracks.items():
            timescale = next(each.timescale for each in shelf.periods[segment.period].tracks if each.name == name)
            assert round(Fraction(track.duration, timescale)) <= 2, f"{name} {segment.number}"


def _only(tags: Iterable[FlvTag], kind: TagKind) -> list[FlvTag]:
    return [tag for tag in tags if tag.kind is kind]


def _is_frame(tag: FlvTag) -> bool:
    header = flv.video_header if tag.kind is TagKind.VIDEO else flv.audio_header
    return tag.kind is not TagKind.SCRIPT and header(tag.payload).packet is flv.PacketKind.FRAMES


def _is_sound_frame(tag: FlvTag) -> bool:
    return tag.kind is TagKind.AUDIO and flv.audio_header(tag.payload).packet is flv.PacketKind.FRAMES


def _tracks(shelf: Shelf) -> list[set[str]]:
    return [{track.name for track in shelf.periods[number].tracks} for number in sorted(shelf.periods)]


def test_pictures_without_sound(clip: Path) -> None:
    shelf, studio = publish(_only(tags_of(clip), TagKind.VIDEO))
    assert_sound(shelf)
    assert not studio.dismissals
    assert _tracks(shelf) == [{"video_source", "video_60p"}]
    assert len(shelf.segments) == 3


def test_sound_without_pictures(clip: Path) -> None:
    shelf, studio = publish(_only(tags_of(clip), TagKind.AUDIO))
    assert_sound(shelf)
    assert not studio.dismissals
    assert _tracks(shelf) == [{"audio"}]
    assert len(shelf.segments) in (3, 4)


def test_sound_that_begins_before_the_pictures(clip: Path, tmp_path: Path) -> None:
    tags = tags_of(clip)
    later = [replace(tag, timestamp_ms=tag.timestamp_ms + 1500) if tag.kind is TagKind.VIDEO else tag for tag in tags]
    shelf, _ = publish(sorted(later, key=lambda tag: tag.timestamp_ms))
    assert_sound(shelf)
    assert _tracks(shelf) == [ALL]
    assert shelf.frame_count("video_source", tmp_path) == 180


def test_sound_that_comes_later(clip: Path, tmp_path: Path) -> None:
    # The configuration comes with the first frame, as encoders send it.
    tags = [tag for tag in tags_of(clip) if not _is_sound_frame(tag) or tag.timestamp_ms > 2500]
    shelf, _ = publish(tags)
    assert_sound(shelf)
    assert _tracks(shelf) == [ALL - {"audio"}, ALL]
    assert shelf.frame_count("video_source", tmp_path) == 180


def test_sound_that_stays_away_and_comes_back_is_filled_with_silence(tmp_path: Path) -> None:
    tags = tags_of(publishable(tmp_path / "a.flv", seconds=12))
    heard = [tag for tag in tags if not _is_sound_frame(tag) or not 3000 < tag.timestamp_ms < 8500]
    shelf, studio = publish(heard)
    assert_sound(shelf)
    assert not studio.dismissals
    assert _tracks(shelf) == [ALL]
    assert shelf.frame_count("video_source", tmp_path) == 360
    # Twelve seconds of sound without a hole, to the frame, and between the tones there is silence.
    assert abs(shelf.frame_count("audio", tmp_path) - 12 * 48_000 / 1024) <= 3
    ends = [segment.tracks["audio"].decode_time + segment.tracks["audio"].duration for segment in shelf.segments]
    starts = [segment.tracks["audio"].decode_time for segment in shelf.segments]
    assert all(abs(end - start) < 1024 for end, start in zip(ends, starts[1:], strict=False))
    sound = _loudness(tmp_path / "audio_0.mp4")
    assert sound[:2] + sound[10:11] == [True, True, True]
    assert sound[4:8] == [False] * 4


def _loudness(path: Path) -> list[bool]:
    """Tell for each second of a film whether there is anything to hear."""
    argv = [FFMPEG, "-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-ar", "8000", "-"]
    samples = np.frombuffer(subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout, np.float32)
    return [bool(np.abs(samples[start : start + 8000]).max() > 0.01) for start in range(0, len(samples), 8000)]


def test_sound_of_another_codec_that_stays_away_is_left_out_until_it_is_back(tmp_path: Path) -> None:
    source = publishable(tmp_path / "a.flv", seconds=16)
    other = tmp_path / "mp3.flv"
    argv = [FFMPEG, "-v", "error", "-i", str(source), "-c:v", "copy", "-c:a", "libmp3lame", "-ar", "44100", str(other)]
    subprocess.run(argv, check=True, timeout=60)
    heard = [tag for tag in tags_of(other) if tag.kind is not TagKind.AUDIO or not 2000 < tag.timestamp_ms < 10_000]
    shelf, studio = publish(heard)
    assert_sound(shelf)
    assert not studio.dismissals
    assert _tracks(shelf) == [ALL, ALL - {"audio"}, ALL]
    assert {track.codec for period in shelf.periods.values() for track in period.tracks} >= {"mp4a.40.2"}
    assert shelf.frame_count("video_source", tmp_path) == 480


def test_pictures_that_stay_away_and_come_back(tmp_path: Path) -> None:
    tags = tags_of(publishable(tmp_path / "a.flv", seconds=16))
    seen = [tag for tag in tags if tag.kind is not TagKind.VIDEO or not 2000 < tag.timestamp_ms < 11_900]
    shelf, studio = publish(seen)
    assert not shelf.faults
    assert not studio.dismissals
    assert _tracks(shelf) == [ALL, {"audio"}, ALL]


def test_another_picture_size_begins_another_period(clip: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.flv"
    argv = [FFMPEG, "-v", "error", "-i", str(clip), "-vf", "scale=200:112", "-c:a", "copy", "-g", "60"]
    subprocess.run([*argv, "-c:v", "libx264", "-preset", "ultrafast", str(other)], check=True, timeout=60)
    shelf, _ = publish([*tags_of(clip), *tags_of(other, later_ms=6000)])
    assert_sound(shelf)
    sizes = [shelf.periods[number].tracks[0].width for number in sorted(shelf.periods)]
    assert sizes == [160, 200]


def test_key_frames_that_are_too_far_apart(tmp_path: Path) -> None:
    tags = tags_of(publishable(tmp_path / "a.flv", seconds=9, gop=1000))
    shelf, studio = publish(tags)
    assert_sound(shelf)
    assert not studio.dismissals
    assert _tracks(shelf) == [ALL, ALL]
    # Nothing is lost and nothing is shown twice where our own encoder steps in.
    assert shelf.frame_count("video_source", tmp_path) == 270
    assert all(
        track.key_frame_size_bytes for each in shelf.segments for name, track in each.tracks.items() if name != "audio"
    )


def test_key_frames_that_fit_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "FITTING_GOPS", 2)
    rare = tags_of(publishable(tmp_path / "rare.flv", seconds=6, gop=1000))
    usual = tags_of(publishable(tmp_path / "usual.flv", seconds=10), later_ms=6000)
    configured = [tag for tag in usual if tag.timestamp_ms > 6000 or _is_frame(tag)]
    shelf, studio = publish([*rare, *configured])
    assert_sound(shelf)
    assert studio.stream.is_copied
    # As it is, encoded while key frames are rare, as it is again.
    assert _tracks(shelf) == [ALL, ALL, ALL]
    assert shelf.frame_count("video_source", tmp_path) == 480


def test_never_a_key_frame(clip: Path) -> None:
    frozen = []
    for tag in tags_of(clip):
        is_key = tag.kind is TagKind.VIDEO and flv.video_header(tag.payload).is_key_frame
        frozen.append(replace(tag, payload=bytes([0x27]) + tag.payload[1:]) if is_key else tag)
    shelf, studio = publish(frozen)
    assert not shelf.segments
    studio.stream.check(studio.stream._began_s + 60)
    assert studio.dismissals == ["no key frame arrived: set a keyframe interval of 2 s in your encoder's settings"]


def test_a_clock_that_jumps(clip: Path, tmp_path: Path) -> None:
    first, second = tags_of(clip), tags_of(clip, later_ms=7_200_000)
    shelf, studio = publish([*first, *second, *tags_of(clip, later_ms=1000)])
    assert_sound(shelf)
    assert not studio.dismissals
    assert studio.stream.clock.jump_count
    assert shelf.frame_count("video_source", tmp_path) == 540


def test_pictures_that_nobody_can_decode(clip: Path) -> None:
    rubbish = [
        replace(tag, payload=tag.payload[:5] + bytes(len(tag.payload) - 5))
        if tag.kind is TagKind.VIDEO and tag.payload[1] != 0
        else tag
        for tag in tags_of(clip)
    ]
    shelf, studio = publish(rubbish)
    assert not [fault for fault in shelf.faults if "named" in fault]
    assert not any("video_60p" in segment.tracks for segment in shelf.segments)
    assert studio.stream.period is None


def test_a_codec_that_cannot_be_used_is_named(clip: Path) -> None:
    config = FlvTag(TagKind.VIDEO, 0, bytes([0x90]) + b"av01" + bytes(4))
    frame = FlvTag(TagKind.VIDEO, 0, bytes([0x91]) + b"av01" + bytes(40))
    _, studio = publish([config, frame, *_only(tags_of(clip), TagKind.AUDIO)])
    assert studio.dismissals == ["the video codec 'av01' cannot be used here: choose H.264"]
