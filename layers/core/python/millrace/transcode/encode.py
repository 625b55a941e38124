"""Encode: chunks of the picture, and the sound as a whole."""

from pathlib import Path
from tempfile import TemporaryDirectory

from millrace.media.cmaf import cut_audio, cut_chunk
from millrace.media.ffmpeg import audio_argv, audio_output, chunk_argv, chunk_outputs
from millrace.media.package import AUDIO_NAME
from millrace.media.probe import Limits
from millrace.platform.process import ProcessLimits, tool
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.model import ChunkTask, Encoded, UploadTask
from millrace.transcode.segments import store_track
from millrace.transcode.source import find_source, run_on_source
from millrace.videos.processing import service

LIMITS = Limits()
# Above what an honest film needs, below what would hurt its neighbours.
ENCODE_LIMITS = ProcessLimits(memory_bytes=10 << 30, file_bytes=4 << 30)


def encode_chunk(task: ChunkTask, deadline: Deadline) -> None:
    """Decode one chunk once, encode every rendition, and store its segments.

    Idempotent: a repeat writes the same names, and a chunk counts once for the progress.
    """
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    chunk = plan.chunks[task.chunk]
    folder = task.place.media_prefix(video.home)
    with TemporaryDirectory(prefix="chunk_") as scratch:
        argv = chunk_argv(tool("ffmpeg"), plan, chunk, find_source(task.place).url(), scratch, LIMITS)
        finished = run_on_source(argv, deadline, ENCODE_LIMITS, Path(scratch))
        files = chunk_outputs(plan, scratch)
        tracks = tuple(
            store_track(
                folder,
                rendition.name,
                cut_chunk(Path(files[rendition.name]), plan, chunk, rendition),
                timescale=plan.timescale,
                with_init=chunk.index == 0,
            )
            for rendition in plan.renditions
        )
    work.save(task.place, work.chunk_report(chunk.index), Encoded(tracks=tracks, cpu_s=finished.cpu_s))
    service.record_chunk(task.video_id, task.upload_id, chunk.index)


def encode_audio(task: UploadTask, deadline: Deadline) -> None:
    """Encode the sound of the whole film and store its segments; a silent film has none. Idempotent."""
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    if plan.audio is None:
        return
    folder = task.place.media_prefix(video.home)
    with TemporaryDirectory(prefix="audio_") as scratch:
        argv = audio_argv(tool("ffmpeg"), plan, find_source(task.place).url(), scratch, LIMITS)
        finished = run_on_source(argv, deadline, ENCODE_LIMITS, Path(scratch))
        cut = cut_audio(Path(audio_output(scratch)), plan)
        track = store_track(folder, AUDIO_NAME, cut, timescale=plan.audio.sample_rate_hz, with_init=True)
    work.save(task.place, work.AUDIO, Encoded(tracks=(track,), cpu_s=finished.cpu_s))
