"""The states of a video's versions, in the videos' table.

    access pattern                          request
    a change of a version's state           UpdateItem video_id, its upload and the state that it leaves must be so
    one shows what is encoded at a time     UpdateItem video_id: a lease, which ends only when nothing new was encoded

A record has two places for versions: the current one, and a replacement on its way. Every change is conditional on
the upload that it belongs to and on the state that it leaves, so a step that runs twice changes nothing the second
time. The end of processing counts the record's version on, like an edit.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from millrace.platform.clock import now
from millrace.platform.ids import UploadId, VideoId
from millrace.videos.model import Failure, Film, Pictures, Previous, Replacement, Video, VideoState
from millrace.videos.processing.model import Shown
from millrace.videos.store import Record, change, table, translated, video_of


@dataclass(frozen=True, slots=True)
class _Slot:
    """The attributes of one place for a version."""

    state: UnicodeAttribute
    home: UnicodeAttribute
    upload_id: UnicodeAttribute
    upload: JSONAttribute
    film: JSONAttribute
    pictures: JSONAttribute
    done_chunks: NumberSetAttribute
    done_sounds: NumberSetAttribute
    failure: JSONAttribute
    attempt: NumberAttribute
    uploaded_at: UTCDateTimeAttribute

    def leaves(self, upload_id: UploadId, *states: VideoState) -> Condition:
        same: Condition = self.upload_id == upload_id
        in_state: Condition = self.state.is_in(*(state.value for state in states))
        both: Condition = same & in_state
        return both


_CURRENT = _Slot(
    Record.state,
    Record.home,
    Record.upload_id,
    Record.upload,
    Record.film,
    Record.pictures,
    Record.done_chunks,
    Record.done_sounds,
    Record.failure,
    Record.attempt,
    Record.uploaded_at,
)
_NEXT = _Slot(
    Record.next_state,
    Record.next_home,
    Record.next_upload_id,
    Record.next_upload,
    Record.next_film,
    Record.next_pictures,
    Record.next_done_chunks,
    Record.next_done_sounds,
    Record.next_failure,
    Record.next_attempt,
    Record.next_uploaded_at,
)


def begin_processing(video_id: VideoId, upload_id: UploadId) -> bool:
    """Move from uploading to processing; False if that has happened already."""
    return _in_its_slot(
        video_id,
        lambda slot: slot.leaves(upload_id, VideoState.UPLOADING),
        lambda slot: [slot.state.set(VideoState.PROCESSING.value), slot.uploaded_at.set(now())],
    )


def record_film(video_id: VideoId, upload_id: UploadId, film: Film) -> bool:
    """Store what the plan found; False if the version is no longer in processing."""
    return _in_its_slot(
        video_id,
        lambda slot: slot.leaves(upload_id, VideoState.PROCESSING),
        lambda slot: [
            slot.film.set(film.model_dump(mode="json")),
            slot.done_chunks.remove(),
            slot.done_sounds.remove(),
        ],
    )


def amend_film(video_id: VideoId, upload_id: UploadId, film: Film) -> bool:
    """Store what was measured of the film since; False if the version is no longer in processing."""
    return _in_its_slot(
        video_id,
        lambda slot: slot.leaves(upload_id, VideoState.PROCESSING),
        lambda slot: [slot.film.set(film.model_dump(mode="json"))],
    )


def record_chunk(video: Video, chunk: int) -> bool:
    """Count a chunk of the picture as done, once however often it is told.

    False if the version is no longer in processing, is in another attempt, or lies no longer where the chunk was put.
    """
    return _in_its_slot(
        video.video_id,
        lambda slot: _is_as_it_was(slot, video),
        lambda slot: [slot.done_chunks.add({chunk})],
    )


def record_sound(video: Video, chunk: int) -> bool:
    """Count a chunk of the sound as done, like one of the picture."""
    return _in_its_slot(
        video.video_id,
        lambda slot: _is_as_it_was(slot, video),
        lambda slot: [slot.done_sounds.add({chunk})],
    )


def _is_as_it_was(slot: _Slot, video: Video) -> Condition:
    same: Condition = slot.leaves(video.upload.upload_id, VideoState.PROCESSING)
    same &= (slot.home == video.home.value) & (slot.attempt == video.attempt)
    return same


def begin_showing(video_id: VideoId, upload_id: UploadId, shower_id: str, until: datetime) -> Shown | None:
    """Take or renew the right to write the growing playlists; None while another has it, or there is nothing to show.

    A replacement is never shown before it is whole. Whoever begins again under the same name goes on.
    """
    free: Condition = Record.shower_id.does_not_exist() | (Record.shower_until < now())
    condition = _CURRENT.leaves(upload_id, VideoState.PROCESSING) & (free | (Record.shower_id == shower_id))
    if not change(video_id, condition, [Record.shower_id.set(shower_id), Record.shower_until.set(until)]):
        return None
    with translated():
        record = table().get(video_id, consistent_read=True)
    return Shown(video_of(record), _members(record.done_chunks), _members(record.done_sounds))


def end_showing(shown: Shown, shower_id: str) -> bool:
    """Give the right back; False if more was encoded meanwhile, or the media moved: its holder has to go on."""
    nothing_new = (
        (Record.shower_id == shower_id)
        & (Record.home == shown.video.home.value)
        & _as_many(Record.done_chunks, shown.chunks)
        & _as_many(Record.done_sounds, shown.sounds)
    )
    return change(shown.video.video_id, nothing_new, _released())


def stop_showing(video_id: VideoId, shower_id: str) -> None:
    """Give the right back, whatever there is to show; natural to repeat."""
    change(video_id, Record.shower_id == shower_id, _released())


def note_playable(video_id: VideoId, upload_id: UploadId) -> None:
    """Note that the beginning plays, once."""
    condition = _CURRENT.leaves(upload_id, VideoState.PROCESSING) & Record.playable_at.does_not_exist()
    change(video_id, condition, [Record.playable_at.set(now())])


def _released() -> list[Action]:
    return [Record.shower_id.remove(), Record.shower_until.remove()]


def _members(found: Iterable[float] | None) -> frozenset[int]:
    return frozenset(int(member) for member in found or ())


def _as_many(attribute: NumberSetAttribute, members: frozenset[int]) -> Condition:
    # Members are only ever added while a version is in processing, so their number tells sets apart.
    if not members:
        none: Condition = attribute.does_not_exist()
        return none
    same: Condition = size(attribute) == len(members)  # type: ignore[no-untyped-call]  # untyped in pynamodb
    return same


def record_pictures(video: Video, pictures: Pictures) -> bool:
    """Note what was drawn; False if the version is no longer in processing, or its media no longer where it was."""
    return _in_its_slot(
        video.video_id,
        lambda slot: slot.leaves(video.upload.upload_id, VideoState.PROCESSING) & (slot.home == video.home.value),
        lambda slot: [slot.pictures.set(pictures.model_dump(mode="json"))],
    )


def fail(video_id: VideoId, upload_id: UploadId, failure: Failure) -> bool:
    """Move from uploading or processing to failed; False if the version has left them already."""
    return _in_its_slot(
        video_id,
        lambda slot: slot.leaves(upload_id, VideoState.UPLOADING, VideoState.PROCESSING),
        lambda slot: [
            slot.state.set(VideoState.FAILED.value),
            slot.failure.set(failure.model_dump(mode="json")),
            slot.done_chunks.remove(),
            slot.done_sounds.remove(),
            *([Record.playable_at.remove(), *_released()] if slot is _CURRENT else []),
            Record.version.add(1),
        ],
    )


def retry(video_id: VideoId, upload_id: UploadId) -> bool:
    """Move from failed back to processing, as another attempt; False if the version has left failed already."""
    return _in_its_slot(
        video_id,
        lambda slot: slot.leaves(upload_id, VideoState.FAILED) & slot.uploaded_at.exists(),
        lambda slot: [
            slot.state.set(VideoState.PROCESSING.value),
            slot.attempt.add(1),
            slot.film.remove(),
            slot.pictures.remove(),
            slot.failure.remove(),
            Record.version.add(1),
        ],
    )


def finish(video: Video) -> bool:
    """Move the current version from processing to ready; False if it has left processing already."""
    return change(
        video.video_id,
        _CURRENT.leaves(video.upload.upload_id, VideoState.PROCESSING),
        [
            Record.state.set(VideoState.READY.value),
            Record.ready_at.set(now()),
            *([] if video.playable_at else [Record.playable_at.set(now())]),
            Record.done_chunks.remove(),
            Record.done_sounds.remove(),
            *_released(),
            *_first_published(video),
            Record.version.add(1),
        ],
    )


def take_over(video: Video, coming: Replacement, keep_until: datetime) -> bool:
    """Make a processed replacement the current version; False if it is not in processing any more.

    What played until now stays until `keep_until` for those who have it open.
    """
    was_ready = video.state is VideoState.READY
    previous = Previous(upload_id=video.upload.upload_id, home=video.home, until=keep_until)
    actions: list[Action] = [
        Record.state.set(VideoState.READY.value),
        Record.home.set(coming.home.value),
        Record.upload_id.set(coming.upload.upload_id),
        Record.upload.set(coming.upload.model_dump(mode="json")),
        Record.film.set(Record.next_film),
        Record.pictures.set(coming.pictures.model_dump(mode="json")) if coming.pictures else Record.pictures.remove(),
        Record.attempt.set(coming.attempt),
        Record.uploaded_at.set(Record.next_uploaded_at),
        Record.failure.remove(),
        Record.done_chunks.remove(),
        Record.done_sounds.remove(),
        *_first_published(video),
        Record.previous.set(previous.model_dump(mode="json")) if was_ready else Record.previous.remove(),
        Record.version.add(1),
        *_emptied(),
    ]
    if not was_ready:
        actions += [Record.ready_at.set(now()), Record.playable_at.set(now())]
    condition = _NEXT.leaves(coming.upload.upload_id, VideoState.PROCESSING) & (Record.version == video.version)
    return change(video.video_id, condition, actions)


def set_replacement(video: Video, coming: Replacement) -> bool:
    """Put a new replacement in its place; False if the record has changed since it was read."""
    return change(
        video.video_id,
        Record.version == video.version,
        [
            *_emptied(keep=("state", "home", "upload_id", "upload", "attempt")),
            Record.next_state.set(coming.state.value),
            Record.next_home.set(coming.home.value),
            Record.next_upload_id.set(coming.upload.upload_id),
            Record.next_upload.set(coming.upload.model_dump(mode="json")),
            Record.next_attempt.set(coming.attempt),
            Record.version.add(1),
        ],
    )


def drop_replacement(video: Video) -> bool:
    """Take the replacement away; False if the record has changed since it was read."""
    return change(video.video_id, Record.version == video.version, [*_emptied(), Record.version.add(1)])


def _first_published(video: Video) -> list[Action]:
    """Note when it was first listed: what is published before it is ready, is published then."""
    ready = video.model_copy(update={"state": VideoState.READY})
    return [Record.published_at.set(now())] if ready.is_listed and not video.published_at else []


def _emptied(keep: Sequence[str] = ()) -> list[Action]:
    return [getattr(_NEXT, name).remove() for name in _Slot.__slots__ if name not in keep]


def _in_its_slot(
    video_id: VideoId, condition: Callable[[_Slot], Condition], actions: Callable[[_Slot], list[Action]]
) -> bool:
    """Change the version where it lies: nearly always it is the current one."""
    return any(change(video_id, condition(slot), actions(slot)) for slot in (_CURRENT, _NEXT))
