"""Turns: how many chunks of one account are encoded at a time, so that nobody's films keep all encoders busy."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.errors import WorkflowError
from millrace.platform.ids import UserId
from millrace.transcode.runs import store

# Lambda ends an encoder after a quarter of an hour: who has a turn for longer is dead.
TURN = timedelta(minutes=16)


class EncodersBusy(WorkflowError):
    """The account has as many chunks in work as it may: the state machine tries again until one is done."""


@contextmanager
def turn(owner_id: UserId, holder: str) -> Iterator[None]:
    """Hold one of the account's turns; raises EncodersBusy. A holder that comes again takes its own place."""
    limit = int(settings.require("ENCODERS_PER_ACCOUNT"))
    mark = store.Mark(holder, now() + TURN)
    if not store.take_turn(owner_id, mark, limit):
        store.forget_turns(owner_id, holder, now())
        if not store.take_turn(owner_id, mark, limit):
            raise EncodersBusy(owner_id)
    try:
        yield
    finally:
        store.give_back_turn(owner_id, mark)
