"""What every table has in common: deadlines, and transactions that look again when another one blocks them."""

import random
import time
from collections.abc import Callable
from functools import cache

from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.transactions import TransactWrite

from millrace.platform.errors import Unavailable

CONDITION_FAILED = "ConditionalCheckFailed"
# What passes by itself: another transaction holds an item, or the table grows into more traffic.
PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
# A transaction takes some ten milliseconds, so many who want one item are soon through. Together two seconds at most.
WAIT_LIMITS_S = (0.0, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.8)


class Deadlines:
    """Base of a model's Meta: a table answers in milliseconds, so three seconds are a fault already."""

    # Set on first use: nothing reads the environment at import.
    table_name = ""
    connect_timeout_seconds = 1
    read_timeout_seconds = 3
    # Counts what follows the first try.
    max_retry_attempts = 1


class Cancelled(Exception):
    """A transaction changed nothing because conditions failed; `failed` are the places of their items, from 0.

    Pynamodb puts a transaction into an order of its own: checks, deletes, saves, updates, each in the order of calls.
    """

    def __init__(self, failed: frozenset[int]) -> None:
        super().__init__(f"conditions failed: {sorted(failed)}")
        self.failed = failed


@cache
def connection() -> Connection:
    """Return the connection that transactions use; `connection.cache_clear()` forgets it."""
    return Connection(
        connect_timeout_seconds=Deadlines.connect_timeout_seconds,
        read_timeout_seconds=Deadlines.read_timeout_seconds,
        max_retry_attempts=Deadlines.max_retry_attempts,
    )


def transact(fill: Callable[[TransactWrite], None], unavailable: type[Unavailable]) -> None:
    """Write what `fill` puts into a transaction, all or nothing.

    Raises Cancelled where conditions fail, and `unavailable`, made without arguments, where the table does not answer
    or others block the items for too long. A try whose answer is lost is repeated by the client under the same
    request token, so it cannot fail on its own items.
    """
    for limit_s in WAIT_LIMITS_S:
        # Random, so that those who blocked each other once do not meet again.
        time.sleep(random.uniform(limit_s / 2, limit_s))
        try:
            with TransactWrite(connection=connection()) as transaction:
                fill(transaction)
            return
        except TransactWriteError as error:
            codes = [reason.code if reason is not None else None for reason in error.cancellation_reasons]
            if CONDITION_FAILED in codes:
                raise Cancelled(frozenset(i for i, code in enumerate(codes) if code == CONDITION_FAILED)) from error
            if not PASSING.intersection(codes):
                raise unavailable from error
        except PynamoDBException as error:
            raise unavailable from error
    raise unavailable
