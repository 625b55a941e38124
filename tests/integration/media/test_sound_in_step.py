"""Sound stays with the picture, whatever the source's clocks look like."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.media_fixtures import ClipOptions, first_beep_s, flash_frames, make_clip, read_samples
from tests.media_fixtures.transcoding import transcode

# Broadcasting allows 15 ms (sound early) at the last link of the chain; we are one link.
TOLERANCE_S = 0.005


PLAIN = ClipOptions()


@dataclass(frozen=True)
class Case:
    name: str
    options: ClipOptions = PLAIN
    # How much later than its beep the source shows a flash.
    picture_later_s: float = 0


CASES = [
    Case("plain.mp4"),
    Case("plain.mkv"),
    Case("opus.webm", ClipOptions(codec="libvpx", gop=90, output=("-deadline", "realtime", "-cpu-used", "16"))),
    Case("late_clock.ts", ClipOptions(output=("-output_ts_offset", "30000"))),
    Case("edit_list.mp4", ClipOptions(gop=48, remux_input=("-ss", "1.3"), remux=())),
    Case("picture_late.mp4", ClipOptions(video_filter="setpts=PTS+0.7/TB"), 0.7),
    Case("picture_late.ts", ClipOptions(video_filter="setpts=PTS+0.7/TB"), 0.7),
    Case("sound_late.mp4", ClipOptions(audio_filter="asetpts=PTS+0.4/TB"), -0.4),
    Case("sound_late.mkv", ClipOptions(audio_filter="asetpts=PTS+0.4/TB"), -0.4),
    Case("hole.mkv", ClipOptions(audio_filter="aselect='not(between(t,0.2,0.6))'")),
    Case("low_rate.mp4", ClipOptions(audio_filter="aresample=22050")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_beep_comes_with_its_flash(case: Case, tmp_path: Path) -> None:
    source = make_clip(tmp_path / case.name, seconds=5, options=case.options)
    result = transcode(source, tmp_path / "out")
    flash_s = flash_frames(result.joined("video_180p"))[0] / 30
    beep_s = first_beep_s(result.joined("audio_und"))
    assert flash_s - beep_s == pytest.approx(case.picture_later_s, abs=TOLERANCE_S)


@pytest.mark.parametrize("sound", ["atrim=end=2", "apad=pad_dur=3"])
def test_sound_lasts_as_long_as_the_picture(sound: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "clip.mp4", seconds=5, options=ClipOptions(audio_filter=sound))
    result = transcode(source, tmp_path / "out")
    audio_s = result.tracks["audio_und"].duration_s
    assert 0 <= audio_s - result.plan.duration_s < 1024 / 48000
    assert len(read_samples(result.joined("audio_und"))) / 48000 == pytest.approx(float(audio_s), abs=0.03)


def test_sound_segments_follow_the_picture_segments(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "clip.mp4", seconds=9)
    result = transcode(source, tmp_path / "out")
    video, audio = result.tracks["video_180p"], result.tracks["audio_und"]
    assert len(video.segments) == len(audio.segments)
    for seen, heard in zip(video.segments, audio.segments, strict=True):
        assert heard.decode_time / 48000 == pytest.approx(seen.decode_time / 30000, abs=512.5 / 48000)


def test_a_silent_source_has_no_sound_anywhere(tmp_path: Path) -> None:
    result = transcode(make_clip(tmp_path / "clip.mp4", seconds=3, audio=False), tmp_path / "out")
    assert result.plan.audio == ()
    assert "AUDIO" not in (tmp_path / "out" / "main.m3u8").read_text()
    assert 'contentType="audio"' not in (tmp_path / "out" / "manifest.mpd").read_text()
