"""Nobody's films keep all encoders busy, and a part that cannot be encoded is named."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from millrace.platform.clock import now
from millrace.platform.ids import UserId, new_id
from millrace.platform.process import ToolFailed
from millrace.platform.steps import Deadline
from millrace.transcode import chunks, encode
from millrace.transcode.failure import ONE_OF_MANY, PartFailed, fail_video
from millrace.transcode.model import ChunkTask, FailureTask
from millrace.transcode.runs import store
from millrace.transcode.runs.turns import EncodersBusy, turn
from tests.integration.videos.conftest import Owner
from tests.integration.videos.processing.encoding import Workflow, begin

DEADLINE = Deadline.within(600)


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCODERS_PER_ACCOUNT", "2")


def _task(film: Workflow, chunk: int, *, has_turn: bool = False) -> ChunkTask:
    return ChunkTask(video_id=film.video_id, upload_id=film.place.upload_id, chunk=chunk, has_turn=has_turn)


def _began_at(film: Workflow) -> datetime:
    run = store.find(*film.ids)
    assert run is not None
    return run.started_at


def test_an_account_has_so_many_turns_and_no_more(owner: Owner) -> None:
    ada, ben = owner.caller.user_id, UserId(new_id())
    with turn(ada, "film 1"), turn(ada, "film 2"):
        with pytest.raises(EncodersBusy), turn(ada, "film 3"):
            pass
        with turn(ben, "another account's film"):
            pass
    with turn(ada, "film 3"), turn(ada, "film 4"):
        pass


def test_who_died_gives_way_to_itself_at_once_and_to_others_later(owner: Owner) -> None:
    ada = owner.caller.user_id
    assert store.take_turn(ada, store.Mark("dead", now() - timedelta(seconds=1)), 2)
    assert store.take_turn(ada, store.Mark("killed", now() + timedelta(minutes=16)), 2)
    with turn(ada, "killed"), turn(ada, "another"):
        pass


def test_a_long_film_keeps_no_other_from_beginning(
    make_owner: Callable[[], Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two films: the long one of an account has all its turns, and others' films and all beginnings go on."""
    ada, ben = make_owner(), make_owner()
    encoded: list[str] = []
    monkeypatch.setattr(encode, "encode_chunk", lambda task, _: encoded.append(f"{task.video_id} {task.chunk}"))
    long, second, other = begin(ada, seconds=600), begin(ada), begin(ben)
    began_at = _began_at(long)
    with turn(ada.caller.user_id, "long 1"), turn(ada.caller.user_id, "long 2"):
        for film, chunk in ((long, 3), (second, 1)):
            with pytest.raises(EncodersBusy):
                chunks.take_chunk(_task(film, chunk), DEADLINE)
        for film, chunk in ((second, 0), (other, 0), (other, 1)):
            chunks.take_chunk(_task(film, chunk), DEADLINE)
        with pytest.raises(EncodersBusy):
            chunks.wait_for_turn(_task(long, 3))
    chunks.take_chunk(_task(second, 1), DEADLINE)
    assert _began_at(long) > began_at, "waiting for others used up its budget"
    assert encoded == [f"{film.video_id} {n}" for film, n in ((second, 0), (other, 0), (other, 1), (second, 1))]


def test_a_turn_is_kept_for_who_has_waited(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "encode_chunk", lambda *_: None)
    film, ada = begin(owner, seconds=600), owner.caller.user_id
    for _ in range(2):
        chunks.wait_for_turn(_task(film, 1))
    with turn(ada, "another"):
        with pytest.raises(EncodersBusy):
            chunks.take_chunk(_task(film, 2), DEADLINE)
        chunks.take_chunk(_task(film, 1, has_turn=True), DEADLINE)
        with turn(ada, "the next"):
            chunks.take_chunk(_task(film, 1, has_turn=True), DEADLINE)  # its turn has expired: it is not sent back
    with turn(ada, "one"), turn(ada, "two"):
        pass


@pytest.mark.parametrize("error", ["PartFailed", ONE_OF_MANY])
def test_a_part_that_cannot_be_decoded_is_named(owner: Owner, monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    def fail(*_: object) -> None:
        raise ToolFailed("ffmpeg", -11, "Segmentation fault")

    monkeypatch.setattr(encode, "encode_chunk", fail)
    film = begin(owner)
    with pytest.raises(PartFailed) as caught:
        chunks.take_chunk(_task(film, 2), DEADLINE)
    cause = json.dumps({"errorMessage": str(caught.value)}) if error == "PartFailed" else "The threshold was exceeded"
    fail_video(FailureTask(video_id=film.video_id, upload_id=film.place.upload_id, error=error, cause=cause))
    failure = owner.video(film.video_id)["failure"]
    assert failure["code"] == "damaged_part"
    assert failure["message"].startswith("The part from 0:08 to 0:16 could not be decoded")
