"""The poster of a film whose pictures could not be drawn: one typical picture of its source."""

from pathlib import Path
from tempfile import TemporaryDirectory

from millrace.media.ffmpeg import poster_argv
from millrace.media.probe import Limits
from millrace.platform.process import tool
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.encode import write_side_files
from millrace.transcode.model import UploadTask
from millrace.transcode.segments import put_all
from millrace.transcode.source import find_source, run_on_source
from millrace.transcode.tools import tool_limits
from millrace.videos.places import POSTER
from millrace.videos.processing import service

FILE_BYTES = 16 << 20


def make_poster(task: UploadTask, deadline: Deadline) -> None:
    """Take a typical early picture and store it as JPEG. Idempotent."""
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    with TemporaryDirectory(prefix="poster_") as scratch:
        picture = Path(scratch) / POSTER
        write_side_files(plan, scratch)
        argv = poster_argv(tool("ffmpeg"), plan, find_source(task.place).url(), str(picture), Limits())
        run_on_source(argv, deadline, tool_limits(file_bytes=FILE_BYTES), Path(scratch))
        put_all([(task.place.media_prefix(video.home) + POSTER, picture.read_bytes(), "image/jpeg")])
