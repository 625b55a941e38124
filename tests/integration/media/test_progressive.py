"""One MP4 file of our segments: whole, in step, indexed in front, and the same pictures as before."""

import hashlib
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from millrace.media.boxes import Malformed, boxes
from millrace.media.progressive import Layout, ProgressiveTrack, lay_out, sample_data
from tests.media_fixtures import FFMPEG, FFPROBE, ClipOptions, decode_errors, make_clip, read_barcodes
from tests.media_fixtures.reading import first_beep_s, flash_frames
from tests.media_fixtures.transcoding import Transcoded, transcode

SECONDS = 9


@pytest.fixture(scope="module", params=[30, Fraction(30000, 1001)], ids=str)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Transcoded:
    folder = tmp_path_factory.mktemp("film")
    clip = make_clip(folder / "clip.mp4", seconds=SECONDS, size=(320, 180), rate=request.param)
    return transcode(clip, folder / "media")


def segments(film: Transcoded, name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((film.folder / name).glob("seg_*.m4s"))]


def written(film: Transcoded, names: list[str], path: Path) -> Layout:
    tracks = []
    for name in names:
        track = ProgressiveTrack((film.folder / name / "init.mp4").read_bytes())
        for segment in segments(film, name):
            track.add(segment)
        tracks.append(track)
    layout = lay_out(tracks)
    data = [segments(film, name) for name in names]
    path.write_bytes(layout.head + b"".join(sample_data(data[track][number]) for track, number in layout.order))
    return layout


def names(film: Transcoded) -> list[str]:
    return [film.plan.renditions[0].name, *(audio.name for audio in film.plan.audio)]


def probed(path: Path, *what: str) -> list[str]:
    run = [FFPROBE, "-v", "error", *what, "-of", "csv=p=0", str(path)]
    return subprocess.run(run, check=True, capture_output=True, text=True, timeout=60).stdout.split()


def pictures(path: Path) -> str:
    run = [FFMPEG, "-v", "error", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "framehash", "-"]
    lines = subprocess.run(run, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    return hashlib.sha256("".join(line.rsplit(",", 1)[-1] for line in lines if line[0] != "#").encode()).hexdigest()


def test_it_is_the_film_and_nothing_is_lost(film: Transcoded, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    layout = written(film, names(film), path)
    assert path.stat().st_size == layout.size_bytes
    assert decode_errors(path) == ""
    assert read_barcodes(path) == list(range(film.plan.frame_count))
    assert pictures(path) == pictures(film.joined(names(film)[0]))


def test_its_index_stands_in_front_and_its_times_are_exact(film: Transcoded, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    written(film, names(film), path)
    data = memoryview(path.read_bytes())
    assert [box.kind for box in boxes(data)] == ["ftyp", "moov", "mdat"]
    shown = probed(path, "-select_streams", "v", "-show_entries", "frame=pts")
    assert [int(each.strip(",")) for each in shown] == [
        number * film.plan.frame_ticks for number in range(film.plan.frame_count)
    ]
    keys = probed(path, "-select_streams", "v", "-skip_frame", "nokey", "-show_entries", "frame=pts")
    gop = film.plan.gop_frames * film.plan.frame_ticks
    assert {int(each.strip(",")) for each in keys} >= set(range(0, film.plan.frame_count * film.plan.frame_ticks, gop))
    rate = probed(path, "-select_streams", "v", "-show_entries", "stream=avg_frame_rate")
    assert Fraction(rate[0]) == film.plan.frame_rate


def test_sound_and_picture_are_in_step(film: Transcoded, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    written(film, names(film), path)
    flash_s = flash_frames(path)[0] / film.plan.frame_rate
    assert abs(first_beep_s(path) - float(flash_s)) < 0.02
    starts = probed(path, "-show_entries", "stream=start_time")
    assert {float(start) for start in starts} == {0.0}


def test_a_silent_film_has_one_track(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=5, size=(320, 180), audio=False, options=ClipOptions(gop=30))
    film = transcode(clip, tmp_path / "media")
    written(film, names(film), tmp_path / "film.mp4")
    assert read_barcodes(tmp_path / "film.mp4") == list(range(150))
    assert probed(tmp_path / "film.mp4", "-show_entries", "stream=codec_type") == ["video"]


def test_segments_that_do_not_follow_each_other_are_refused(film: Transcoded) -> None:
    name = names(film)[0]
    track = ProgressiveTrack((film.folder / name / "init.mp4").read_bytes())
    first, second, *_ = segments(film, name)
    with pytest.raises(Malformed, match="expected 0"):
        track.add(second)
    track.add(first)
    with pytest.raises(Malformed):
        track.add(first)
    with pytest.raises(Malformed):
        ProgressiveTrack(first)


def test_offsets_are_wide_where_the_file_is(film: Transcoded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.media.progressive._SMALL", 64 << 20)
    track = ProgressiveTrack((film.folder / names(film)[0] / "init.mp4").read_bytes())
    for segment in segments(film, names(film)[0]):
        track.add(segment)
    assert b"co64" in lay_out([track]).head
