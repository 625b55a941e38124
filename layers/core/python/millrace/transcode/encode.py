"""Encode: chunks of the picture, and chunks of the sound."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from millrace.media.cmaf import cut_audio, cut_chunk
from millrace.media.ffmpeg import audio_argv, audio_outputs, chunk_argv, chunk_outputs, loudness_output, side_files
from millrace.media.plan import EncodePlan
from millrace.media.probe import Limits
from millrace.platform.process import tool
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.costing import used_since
from millrace.transcode.loudness import loud_blocks
from millrace.transcode.model import AudioTask, ChunkTask, Encoded
from millrace.transcode.segments import store_track
from millrace.transcode.source import find_source, run_on_source
from millrace.transcode.tools import tool_limits
from millrace.videos.processing import service

LIMITS = Limits()
# All that /tmp may hold, of picture and of sound.
FILE_BYTES, SOUND_FILE_BYTES = 4 << 30, 2 << 30


def encode_chunk(task: ChunkTask, deadline: Deadline) -> None:
    """Decode one chunk once, encode every rendition, and store its segments.

    Idempotent: a repeat writes the same names, and a chunk counts once for the progress.
    """
    started_s = time.monotonic()
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    chunk = plan.chunks[task.chunk]
    folder = task.place.media_prefix(video.home)
    with TemporaryDirectory(prefix="chunk_") as scratch:
        write_side_files(plan, scratch)
        argv = chunk_argv(tool("ffmpeg"), plan, chunk, find_source(task.place).url(), scratch, LIMITS)
        finished = run_on_source(argv, deadline, tool_limits(file_bytes=FILE_BYTES), Path(scratch))
        service.check_wanted(video)
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
    function_s, gb_s = used_since(started_s)
    report = Encoded(tracks=tracks, cpu_s=finished.cpu_s, function_s=function_s, gb_s=gb_s)
    work.save(task.place, work.chunk_report(chunk.index), report)
    service.record_chunk(video, chunk.index)


def write_side_files(plan: EncodePlan, scratch: str) -> None:
    """Write what ffmpeg reads beside the source."""
    for path, text in side_files(plan, scratch).items():
        Path(path).write_text(text)


def encode_audio(task: AudioTask, deadline: Deadline) -> None:
    """Encode one chunk of every sound track, measure how loud it is, and store its segments. Idempotent."""
    started_s = time.monotonic()
    video = service.in_processing(task.video_id, task.upload_id)
    plan = work.load_plan(task.place)
    chunk = plan.audio_chunks[task.chunk]
    folder = task.place.media_prefix(video.home)
    with TemporaryDirectory(prefix="audio_") as scratch:
        argv = audio_argv(tool("ffmpeg"), plan, chunk, find_source(task.place).url(), scratch, LIMITS)
        finished = run_on_source(argv, deadline, tool_limits(file_bytes=SOUND_FILE_BYTES), Path(scratch))
        service.check_wanted(video)
        files = audio_outputs(plan, scratch)
        tracks = tuple(
            store_track(
                folder,
                track.name,
                cut_audio(Path(files[track.name]), plan, chunk, track),
                timescale=track.sample_rate_hz,
                with_init=chunk.index == 0,
            )
            for track in plan.audio
        )
        loudness = tuple(loud_blocks(Path(loudness_output(scratch, track.name)), plan, chunk) for track in plan.audio)
    function_s, gb_s = used_since(started_s)
    report = Encoded(tracks=tracks, cpu_s=finished.cpu_s, function_s=function_s, gb_s=gb_s, loudness=loudness)
    work.save(task.place, work.audio_report(chunk.index), report)
    service.record_sound(video, chunk.index)
