"""The progress that an owner sees."""

from datetime import UTC, datetime
from fractions import Fraction

from millrace.platform.ids import UploadId, UserId, VideoId
from millrace.videos.model import Film, Upload, Video, VideoState, Visibility

FILM = Film(
    duration_ms=40_000,
    frame_rate=Fraction(30000, 1001),
    width_px=1920,
    height_px=1080,
    has_audio=True,
    renditions=("1080p", "720p"),
    chunk_count=5,
)


def _video(state: VideoState, film: Film | None = None, chunks_done: int = 0) -> Video:
    return Video(
        video_id=VideoId("v"),
        owner_id=UserId("o"),
        title="t",
        description="",
        visibility=Visibility.PUBLIC,
        state=state,
        upload=Upload(upload_id=UploadId("u"), s3_upload_id="s", filename="f.mp4", size_bytes=1, part_size_bytes=1),
        film=film,
        chunks_done=chunks_done,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_progress_only_grows_and_is_complete_only_when_ready() -> None:
    steps = [_video(VideoState.UPLOADING), _video(VideoState.PROCESSING)]
    steps += [_video(VideoState.PROCESSING, FILM, done) for done in range(FILM.chunk_count + 1)]
    percents = [video.progress_percent for video in steps]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert 0 < percents[2] < percents[-1] < 100
    assert _video(VideoState.READY, FILM).progress_percent == 100


def test_a_failed_video_shows_no_progress() -> None:
    assert _video(VideoState.FAILED, FILM, 3).progress_percent == 0


def test_the_frame_rate_survives_storage_exactly() -> None:
    stored = FILM.model_dump(mode="json")
    assert stored["frame_rate"] == "30000/1001"
    assert Film.model_validate(stored) == FILM
