"""Failures as Lambda reports them: Step Functions matches ``errorType``, people read ``stackTrace``."""

import traceback
from types import TracebackType

from emulator.sandbox.handlers import CannotLoad

Payload = dict[str, str | list[str]]


def of_handler(error: Exception, request_id: str) -> Payload:
    """Describe what a handler raised."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        # The first frame is ours.
        "stackTrace": _frames(error.__traceback__)[1:],
    }


def of_initialisation(error: BaseException) -> Payload:
    """Describe what kept a handler from being loaded."""
    if isinstance(error, CannotLoad):
        cause = error.__cause__
        frames = _frames(cause.__traceback__) if cause else []
        return {"errorMessage": str(error), "errorType": error.error_type, "requestId": "", "stackTrace": frames}
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": "",
        "stackTrace": _frames(error.__traceback__),
    }


def of_marshalling(error: Exception, request_id: str) -> Payload:
    """Describe a result that is not JSON."""
    return {
        "errorMessage": f"Unable to marshal response: {error}",
        "errorType": "Runtime.MarshalError",
        "requestId": request_id,
        "stackTrace": [],
    }


def log_text(payload: Payload) -> str:
    """Return what Lambda writes into the function's log about a failure."""
    frames = "".join(payload["stackTrace"])
    trace = f"\nTraceback (most recent call last):\n{frames}" if frames else ""
    return f"[ERROR] {payload['errorType']}: {payload['errorMessage']}{trace}".rstrip("\n")


def _frames(trace: TracebackType | None) -> list[str]:
    return traceback.format_list(traceback.extract_tb(trace))
