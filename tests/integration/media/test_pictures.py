"""Pictures of a film, drawn by the real ffmpeg from real segments: each shows the frame that it says."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from millrace.media.picture_commands import posters_argv, preview_argv, storyboard_argv
from millrace.media.storyboard import MINIATURE, plan_preview, plan_storyboard, poster_source, segments_of
from millrace.platform import process
from tests.media_fixtures import FFMPEG, FFPROBE, ClipOptions, make_clip, read_barcodes
from tests.media_fixtures.transcoding import Transcoded, transcode

SECONDS = 13
# Right before frame 120, which begins a group of pictures, everything changes: a scene cut with its own key frame.
CUT = ClipOptions(video_filter="negate=enable='gte(n,118)'")


@pytest.fixture(scope="module", params=[30, Fraction(30000, 1001)], ids=str)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Transcoded:
    folder = tmp_path_factory.mktemp("film")
    clip = make_clip(folder / "clip.mp4", seconds=SECONDS, size=(320, 180), rate=request.param, audio=False)
    return transcode(clip, folder / "media")


def track(film: Transcoded, rendition: str, frames: list[int], path: Path) -> str:
    """Put the segments that hold these frames into one file, as the step does."""
    folder = film.folder / rendition
    names = ["init.mp4", *(f"seg_{number:05d}.m4s" for number in segments_of(film.plan, frames))]
    path.write_bytes(b"".join((folder / name).read_bytes() for name in names))
    return str(path)


def drawn(argv: list[str]) -> None:
    process.run(argv, timeout_s=120)


def test_each_tile_shows_its_frame(film: Transcoded, tmp_path: Path) -> None:
    board = plan_storyboard(film.plan)
    source = track(film, board.rendition.name, list(board.frames), tmp_path / "track.mp4")
    pattern, raw = str(tmp_path / "sheet_%03d.jpg"), tmp_path / "miniatures"
    drawn(storyboard_argv(FFMPEG, film.plan, board, source, pattern, str(raw)))
    sheets = sorted(tmp_path.glob("sheet_*.jpg"))
    assert len(sheets) == board.sheet_count == 1
    assert read_barcodes(sheets[0], f"untile={board.columns}x{board.rows}")[: board.tile_count] == list(board.frames)
    assert len(raw.read_bytes()) == board.tile_count * MINIATURE[0] * MINIATURE[1]


def test_tiles_further_apart_need_only_their_segments(film: Transcoded, tmp_path: Path) -> None:
    board = plan_storyboard(film.plan)
    frames = [0, film.plan.segment_frames * 2]
    source = track(film, board.rendition.name, frames, tmp_path / "track.mp4")
    sparse = type(board)(board.rendition, film.plan.segment_frames * 2, 2, board.tile_width, board.tile_height, 2, 1)
    drawn(storyboard_argv(FFMPEG, film.plan, sparse, source, str(tmp_path / "sheet_%03d.jpg"), str(tmp_path / "small")))
    assert read_barcodes(tmp_path / "sheet_001.jpg", "untile=2x1") == frames


def test_posters_are_the_frames_that_were_chosen(film: Transcoded, tmp_path: Path) -> None:
    frames = [film.plan.gop_frames, film.plan.gop_frames * 4]
    source = track(film, poster_source(film.plan).name, frames, tmp_path / "track.mp4")
    drawn(posters_argv(FFMPEG, film.plan, frames, source, str(tmp_path / "poster_%d.jpg")))
    assert [read_barcodes(tmp_path / f"poster_{number}.jpg") for number in (1, 2)] == [[frame] for frame in frames]


def test_the_preview_jumps_through_the_film(film: Transcoded, tmp_path: Path) -> None:
    preview = plan_preview(film.plan)
    wanted = [frame for first, last in preview.moments for frame in (first, last - 1)]
    source = track(film, preview.rendition.name, wanted, tmp_path / "track.mp4")
    drawn(preview_argv(FFMPEG, film.plan, preview, source, str(tmp_path / "preview.mp4")))
    shown = read_barcodes(tmp_path / "preview.mp4")
    for first, last in preview.moments:
        assert first + (last - first) // 2 in shown
    assert len(shown) <= 4 * float(film.plan.frame_rate)
    probe = [FFPROBE, "-v", "error", "-show_entries", "stream=codec_type,pix_fmt", "-of", "csv=p=0"]
    streams = subprocess.run([*probe, str(tmp_path / "preview.mp4")], check=True, capture_output=True, text=True)
    assert streams.stdout.split() == ["video,yuv420p"]


def test_a_cut_right_before_a_tile_does_not_move_the_tiles_behind_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "cut.mp4", seconds=9, size=(320, 180), audio=False, options=CUT)
    film = transcode(clip, tmp_path / "media")
    board = plan_storyboard(film.plan)
    source = track(film, board.rendition.name, list(board.frames), tmp_path / "track.mp4")
    drawn(storyboard_argv(FFMPEG, film.plan, board, source, str(tmp_path / "sheet_%03d.jpg"), str(tmp_path / "small")))
    assert len((tmp_path / "small").read_bytes()) == board.tile_count * MINIATURE[0] * MINIATURE[1]
    back = f"untile={board.columns}x{board.rows},negate=enable='gte(n,2)'"
    found = read_barcodes(tmp_path / "sheet_001.jpg", back)[: board.tile_count]
    assert all(abs(shown - frame) <= 3 for shown, frame in zip(found, board.frames, strict=True))


def test_a_film_of_two_frames_has_pictures(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "two.mp4", seconds=2 / 25, size=(320, 180), rate=25, audio=False)
    film = transcode(clip, tmp_path / "media")
    board, preview = plan_storyboard(film.plan), plan_preview(film.plan)
    source = track(film, board.rendition.name, [0], tmp_path / "track.mp4")
    drawn(storyboard_argv(FFMPEG, film.plan, board, source, str(tmp_path / "sheet_%03d.jpg"), str(tmp_path / "small")))
    drawn(posters_argv(FFMPEG, film.plan, [0], source, str(tmp_path / "poster_%d.jpg")))
    drawn(preview_argv(FFMPEG, film.plan, preview, source, str(tmp_path / "preview.mp4")))
    assert read_barcodes(tmp_path / "sheet_001.jpg") == [0]
    assert 0 in read_barcodes(tmp_path / "preview.mp4")
    assert read_barcodes(tmp_path / "poster_1.jpg") == [0]
