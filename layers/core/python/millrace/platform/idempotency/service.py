"""Do what a key asks for once; whoever brings the key again gets the first answer.

Powertools does the bookkeeping (docs/adr/0008): it claims the key by a conditional write, keeps the answer, forgets
the claim when the work fails, and lets a claim lapse whose function died.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from millrace.platform.errors import Conflict, Unavailable

KEPT_S = 24 * 3600
# A function that has not answered by then is dead: the gateway gives up after 29 s.
CLAIM_MS = 30_000
# How long a second request waits for the answer to the first, which is at work.
PATIENCE_S = 4.0
PAUSE_S = 0.05


class KeyReused(Conflict):
    """The Idempotency-Key came before, with another request."""

    slug = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request. Use a new one for each request.")


class StillWorking(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    slug = "idempotency-key-in-use"

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still at work. Please try again.")


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer as it is kept."""

    status: int
    body: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Claim:
    """Stands for Lambda's context, of which Powertools wants to know when the work would be dead."""

    def get_remaining_time_in_millis(self) -> int:
        return CLAIM_MS


def answer_once(
    operation: str, *, owner: str, key: str, request: str, work: Callable[[], Remembered]
) -> tuple[Remembered, bool]:
    """Return the answer to the owner's key, and whether it is one from before.

    The same key is another one for another operation or owner. What `work` raises travels on, and the key is free
    again. Raises KeyReused where the request differs, StillWorking where the first one takes too long.
    """
    from aws_lambda_powertools.utilities.idempotency import exceptions as reasons

    replayed: list[bool] = []
    once = _once(operation, work, replayed)
    asked = {"who": [owner, key], "request": request}
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = once(asked=asked)
            return Remembered(found["status"], found["body"], found["headers"]), bool(replayed)
        except reasons.IdempotencyValidationError as error:
            raise KeyReused from error
        except reasons.IdempotencyAlreadyInProgressError as error:
            if time.monotonic() > deadline_s:
                raise StillWorking from error
        except (reasons.IdempotencyPersistenceLayerError, reasons.IdempotencyInconsistentStateError) as error:
            raise Unavailable("This cannot be served at the moment. Please try again.") from error
        time.sleep(PAUSE_S)


def _once(operation: str, work: Callable[[], Remembered], replayed: list[bool]) -> Callable[..., dict[str, Any]]:
    """Wrap the work in Powertools; `replayed` gets an entry when the answer is one from before."""
    # Imported here: most requests bring no key, and it costs 60 ms.
    from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function

    from millrace.platform.idempotency import store

    def note(response: Any, idempotent_data: Any) -> Any:
        replayed.append(True)
        return response

    def once(*, asked: dict[str, Any]) -> dict[str, Any]:
        done = work()
        return {"status": done.status, "body": done.body, "headers": done.headers}

    config = IdempotencyConfig(
        event_key_jmespath="who",
        payload_validation_jmespath="request",
        expires_after_seconds=KEPT_S,
        hash_function="sha256",
        lambda_context=_Claim(),  # type: ignore[arg-type] # the only method that is asked for
        response_hook=note,
    )
    wrapped: Callable[..., dict[str, Any]] = idempotent_function(
        once, data_keyword_argument="asked", persistence_store=store.answers(), config=config, key_prefix=operation
    )
    return wrapped
