"""A chunk that does not hold its frames is never stored."""

import itertools
from pathlib import Path

import pytest

from millrace.media import ffmpeg
from millrace.media.boxes import boxes
from millrace.media.cmaf import CutError, cut_audio, cut_chunk
from millrace.media.plan import Chunk, EncodePlan, make_plan
from millrace.platform import process
from tests.media_fixtures import FFMPEG, make_clip
from tests.media_fixtures.transcoding import LOCAL, examine_file


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> tuple[EncodePlan, Path]:
    """The second chunk of a clip, encoded in the first rendition."""
    folder = tmp_path_factory.mktemp("chunk")
    clip = make_clip(folder / "clip.mp4", seconds=13)
    examined = examine_file(clip)
    plan = make_plan(examined.source, examined.timeline, parallelism=1)
    process.run(ffmpeg.chunk_argv(FFMPEG, plan, plan.chunks[1], str(clip), str(folder), LOCAL), timeout_s=60)
    process.run(ffmpeg.audio_argv(FFMPEG, plan, plan.audio_chunks[0], str(clip), str(folder), LOCAL), timeout_s=60)
    return plan, folder


def _video(encoded: tuple[EncodePlan, Path]) -> tuple[EncodePlan, Path]:
    plan, folder = encoded
    return plan, folder / f"{plan.renditions[0].name}.mp4"


def test_a_path_and_its_bytes_are_cut_alike_and_the_file_stays(encoded: tuple[EncodePlan, Path]) -> None:
    plan, path = _video(encoded)
    before = path.read_bytes()
    chunk, rendition = plan.chunks[1], plan.renditions[0]
    by_path, by_bytes = (cut_chunk(each, plan, chunk, rendition) for each in (path, before))
    assert by_path == by_bytes
    assert path.read_bytes() == before
    assert [(s.number, s.decode_time, s.duration, s.frame_count) for s in by_path.segments] == [
        (2, 120_000, 120_000, 120)
    ]


@pytest.mark.parametrize("change", [{"end_frame": 360}, {"start_frame": 0, "first_segment": 1}, {"start_frame": 180}])
def test_a_chunk_with_other_frames_is_refused(encoded: tuple[EncodePlan, Path], change: dict[str, int]) -> None:
    plan, path = _video(encoded)
    other = Chunk.model_validate(plan.chunks[1].model_dump() | change)
    with pytest.raises(CutError, match="chunk 1 of video_180p"):
        cut_chunk(path, plan, other, plan.renditions[0])


def test_a_missing_fragment_is_noticed(encoded: tuple[EncodePlan, Path]) -> None:
    plan, path = _video(encoded)
    data = path.read_bytes()
    fragments = [box for box in boxes(memoryview(data)) if box.kind == "moof"]
    assert len(fragments) >= 4
    for lost, after in itertools.pairwise(fragments[1:4]):
        holed = data[: lost.start] + data[after.start :]
        with pytest.raises(CutError):
            cut_chunk(holed, plan, plan.chunks[1], plan.renditions[0])


@pytest.mark.parametrize("length", [0, 10, 700, -10])
def test_a_file_that_ends_early_is_refused(encoded: tuple[EncodePlan, Path], length: int, tmp_path: Path) -> None:
    plan, path = _video(encoded)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CutError):
        cut_chunk(cut, plan, plan.chunks[1], plan.renditions[0])


def test_sound_that_ends_early_is_refused(encoded: tuple[EncodePlan, Path]) -> None:
    plan, folder = encoded
    track, chunk = plan.audio[0], plan.audio_chunks[0]
    longer = chunk.model_copy(update={"end_sample": chunk.end_sample + 48 * 1024})
    with pytest.raises(CutError, match="frames, expected"):
        cut_audio(folder / f"{track.name}.mp4", plan, longer, track)


def test_a_poster_is_a_picture_of_the_first_rendition(encoded: tuple[EncodePlan, Path]) -> None:
    plan, folder = encoded
    poster = folder / "poster.jpg"
    process.run(ffmpeg.poster_argv(FFMPEG, plan, str(folder / "clip.mp4"), str(poster), LOCAL), timeout_s=30)
    head = poster.read_bytes()
    assert head[:3] == b"\xff\xd8\xff"
    assert (180).to_bytes(2) + (320).to_bytes(2) in head[:1000]  # height and width in the frame header
