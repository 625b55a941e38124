"""Chunks: encoded when it is their account's turn, and named when they cannot be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

from millrace.media.cmaf import CutError
from millrace.media.plan import EncodePlan
from millrace.platform.clock import now
from millrace.platform.errors import WorkflowError
from millrace.platform.process import ToolFailed, ToolTimedOut
from millrace.platform.steps import Deadline
from millrace.transcode import encode, work
from millrace.transcode.failure import PartFailed, UploadRejected
from millrace.transcode.model import AudioTask, ChunkTask, UploadTask
from millrace.transcode.runs import store
from millrace.transcode.runs.turns import reserve, turn
from millrace.videos.model import Failure
from millrace.videos.processing import service

FIRST: Final = 0


def take_chunk(task: ChunkTask, deadline: Deadline) -> None:
    """Encode a chunk of the picture. Idempotent. Raises EncodersBusy or PartFailed."""
    with _turn(task), _named(task, lambda plan: _picture_times(plan, task.chunk)):
        encode.encode_chunk(task, deadline)


def wait_for_turn(task: ChunkTask) -> None:
    """Reserve a turn for a chunk of the picture; raises EncodersBusy while there is none. Idempotent."""
    owner_id = service.in_processing(task.video_id, task.upload_id).owner_id
    # Waiting for others is not being stuck.
    store.restart_clock(task.video_id, task.upload_id, now())
    reserve(owner_id, _holder(task))


def take_sound(task: AudioTask, deadline: Deadline) -> None:
    """Encode a chunk of the sound. Idempotent. Raises PartFailed."""
    # The sound is a twentieth of the work: it needs no turn.
    with _named(task, lambda plan: _sound_times(plan, task.chunk)):
        encode.encode_audio(task, deadline)


@contextmanager
def _turn(task: ChunkTask) -> Iterator[None]:
    """Wait for nobody with the beginning of a film: whatever else the account does, it soon plays."""
    if task.chunk == FIRST:
        yield
        return
    owner_id = service.in_processing(task.video_id, task.upload_id).owner_id
    with turn(owner_id, _holder(task), has_waited=task.has_turn):
        yield


def _holder(task: ChunkTask) -> str:
    return f"{task.video_id} {task.upload_id} picture {task.chunk}"


@contextmanager
def _named(task: UploadTask, times: Callable[[EncodePlan], tuple[Fraction, Fraction]]) -> Iterator[None]:
    """Say which part of the film it is that fails.

    It is noted as well: a Distributed Map tells that something failed, and not what.
    """
    try:
        yield
    except (ToolFailed, ToolTimedOut, CutError) as error:
        start_s, end_s = times(work.load_plan(task.place))
        failed = PartFailed(clock(start_s), clock(end_s))
        _note(task, failed)
        raise failed from error
    except UploadRejected as error:
        _note(task, error)
        raise


def _note(task: UploadTask, error: WorkflowError) -> None:
    code, _, message = str(error).partition(": ")
    work.save(task.place, work.PART_FAILURE, Failure(code=code, message=message))


def _picture_times(plan: EncodePlan, chunk: int) -> tuple[Fraction, Fraction]:
    found = plan.chunks[chunk]
    return found.start_frame / plan.frame_rate, found.end_frame / plan.frame_rate


def _sound_times(plan: EncodePlan, chunk: int) -> tuple[Fraction, Fraction]:
    found = plan.audio_chunks[chunk]
    rate_hz = plan.audio[0].sample_rate_hz
    return Fraction(found.start_sample, rate_hz), Fraction(found.end_sample, rate_hz)


def clock(seconds: Fraction) -> str:
    """Return a moment of a film as players show it: 0:12, 1:02:03."""
    whole = int(seconds)
    minutes, rest = f"{whole // 60 % 60}:{whole % 60:02}", whole // 3600
    return f"{rest}:{minutes.zfill(5)}" if rest else minutes
