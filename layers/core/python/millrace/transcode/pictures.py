"""Storyboard, candidates for the poster, and preview: drawn from our own segments once they are all there."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from millrace.media.ladder import Rendition
from millrace.media.package import INIT_SEGMENT
from millrace.media.picture_commands import posters_argv, preview_argv, storyboard_argv
from millrace.media.plan import EncodePlan
from millrace.media.storyboard import (
    MINIATURE,
    best_poster,
    pick_posters,
    plan_preview,
    plan_storyboard,
    poster_source,
    segments_of,
    storyboard_vtt,
)
from millrace.platform import clients, settings
from millrace.platform.errors import WorkflowError
from millrace.platform.process import run, tool
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.model import UploadTask
from millrace.transcode.segments import SEGMENT_TYPE, put_all
from millrace.transcode.source import MARGIN_S
from millrace.transcode.tools import tool_limits
from millrace.videos.film import Pictures
from millrace.videos.places import POSTER, PREVIEW, STORYBOARD, candidate_name
from millrace.videos.processing import service

FILE_BYTES = 256 << 20
# A tile's segment is some 50 KB: the time goes into asking.
FETCHES_AT_ONCE = 16
JPEG_TYPE = "image/jpeg"
VTT_TYPE = "text/vtt"

Files = list[tuple[str, bytes, str]]


class TilesMissing(WorkflowError):
    """The storyboard has not the tiles that its index would name."""


class MediaMoved(WorkflowError):
    """The film moved while its pictures were drawn: worth another try, which says so if it is gone."""


def make_pictures(task: UploadTask, deadline: Deadline) -> None:
    """Draw the pictures, store them beside the film and note that they are there. Idempotent.

    A film plays without them: the state machine goes on when this fails.
    """
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    folder = task.place.media_prefix(video.home)
    with TemporaryDirectory(prefix="pictures_") as scratch:
        desk = _Desk(plan, folder, Path(scratch), deadline)
        miniatures, storyboard = _storyboard(desk)
        posters = _posters(desk, miniatures)
        files = [*storyboard, *posters, *_preview(desk)]
    candidates = sum(name != POSTER for name, _, _ in posters)
    put_all((folder + name, data, content_type) for name, data, content_type in files)
    made = Pictures(has_storyboard=True, has_preview=True, candidate_count=candidates)
    if not service.record_pictures(video, made):
        raise MediaMoved(task.video_id)


class _Desk:
    """Where the pictures are drawn."""

    def __init__(self, plan: EncodePlan, folder: str, scratch: Path, deadline: Deadline) -> None:
        self.plan = plan
        self.scratch = scratch
        self._folder = folder
        self._deadline = deadline

    def draw(self, argv: Sequence[str]) -> None:
        """Run a command within what is left of the step."""
        timeout_s = max(1.0, self._deadline.remaining_s() - MARGIN_S)
        run(argv, timeout_s=timeout_s, limits=tool_limits(file_bytes=FILE_BYTES), cwd=self.scratch)

    def track(self, rendition: Rendition, frames: Iterable[int]) -> str:
        """Fetch the segments that hold these frames; return one file of them."""
        names = [INIT_SEGMENT, *(f"seg_{number:05d}.m4s" for number in segments_of(self.plan, frames))]
        path = self.scratch / "track.mp4"
        with ThreadPoolExecutor(FETCHES_AT_ONCE) as threads, path.open("wb") as file:
            for data in threads.map(lambda name: self._fetch(f"{rendition.name}/{name}"), names):
                file.write(data)
        return str(path)

    def _fetch(self, name: str) -> bytes:
        answer = clients.s3().get_object(Bucket=settings.require("MEDIA_BUCKET"), Key=self._folder + name)
        return answer["Body"].read()


def _storyboard(desk: _Desk) -> tuple[list[bytes], Files]:
    """Return a miniature of each tile, and the sheets with their index."""
    board = plan_storyboard(desk.plan)
    track = desk.track(board.rendition, board.frames)
    raw = desk.scratch / "miniatures"
    pattern = str(desk.scratch / "storyboard_%03d.jpg")
    desk.draw(storyboard_argv(tool("ffmpeg"), desk.plan, board, track, pattern, str(raw)))
    sheets = sorted(desk.scratch.glob("storyboard_*.jpg"))
    size = MINIATURE[0] * MINIATURE[1]
    luma = raw.read_bytes()
    miniatures = [luma[start : start + size] for start in range(0, len(luma), size)]
    if (len(miniatures), len(sheets)) != (board.tile_count, board.sheet_count):
        raise TilesMissing(f"{len(miniatures)} of {board.tile_count} tiles on {len(sheets)} sheets")
    index = storyboard_vtt(desk.plan, board, [sheet.name for sheet in sheets])
    files: Files = [(sheet.name, sheet.read_bytes(), JPEG_TYPE) for sheet in sheets]
    return miniatures, [*files, (STORYBOARD, index.encode(), VTT_TYPE)]


def _posters(desk: _Desk, miniatures: Sequence[bytes]) -> Files:
    picked = pick_posters(miniatures)
    frames = [plan_storyboard(desk.plan).frames[position] for position in picked]
    track = desk.track(poster_source(desk.plan), frames)
    desk.draw(posters_argv(tool("ffmpeg"), desk.plan, frames, track, str(desk.scratch / "candidate_%d.jpg")))
    candidates = [(desk.scratch / f"candidate_{number}.jpg").read_bytes() for number in range(1, len(frames) + 1)]
    best = candidates[best_poster(miniatures, picked)]
    named = [(candidate_name(number), data, JPEG_TYPE) for number, data in enumerate(candidates, start=1)]
    return [*named, (POSTER, best, JPEG_TYPE)]


def _preview(desk: _Desk) -> Files:
    preview = plan_preview(desk.plan)
    frames = [
        frame for first, last in preview.moments for frame in (*range(first, last, desk.plan.gop_frames), last - 1)
    ]
    track = desk.track(preview.rendition, frames)
    path = desk.scratch / PREVIEW
    desk.draw(preview_argv(tool("ffmpeg"), desk.plan, preview, track, str(path)))
    return [(PREVIEW, path.read_bytes(), SEGMENT_TYPE)]
