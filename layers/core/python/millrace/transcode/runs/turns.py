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
# From the moment at which a turn is free to the start of an encoder, which may be throttled.
RESERVED = timedelta(minutes=5)


class EncodersBusy(WorkflowError):
    """The account has as many chunks in work as it may: the state machine tries again until one is done."""


@contextmanager
def turn(owner_id: UserId, holder: str, *, has_waited: bool = False) -> Iterator[None]:
    """Hold one of the account's turns; raises EncodersBusy.

    A holder that comes again takes its own place. Who `has_waited` has been given a turn, and is not sent back if that
    has expired meanwhile.
    """
    mark = store.Mark(holder, now() + TURN)
    if has_waited:
        store.forget_turns(owner_id, holder, now())
        store.take_turn(owner_id, mark, limit=None)
    else:
        _take(owner_id, mark)
    try:
        yield
    finally:
        store.give_back_turn(owner_id, mark)


def reserve(owner_id: UserId, holder: str) -> None:
    """Take a turn for a holder that comes at once; raises EncodersBusy. Idempotent."""
    # A repeat must not take a second one.
    store.forget_turns(owner_id, holder, now())
    _take(owner_id, store.Mark(holder, now() + RESERVED))


def _take(owner_id: UserId, mark: store.Mark) -> None:
    limit = int(settings.require("ENCODERS_PER_ACCOUNT"))
    if not store.take_turn(owner_id, mark, limit):
        store.forget_turns(owner_id, mark.holder, now())
        if not store.take_turn(owner_id, mark, limit):
            raise EncodersBusy(owner_id)
