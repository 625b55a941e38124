"""What the owner of a failed video reads."""

import json

import pytest

from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.transcode.failure import OURS, UploadRejected, read_failure, refusals


def _cause(error: Exception) -> str:
    """Write an error as Lambda hands it to Step Functions."""
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": []})


def test_a_refusal_reaches_the_owner_word_for_word() -> None:
    with pytest.raises(UploadRejected) as caught, refusals():
        raise SourceRejected(RefusalCode.TRUNCATED, "The file is cut off: upload it again.")
    failure = read_failure("UploadRejected", _cause(caught.value))
    assert (failure.code, failure.message) == ("truncated", "The file is cut off: upload it again.")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("ToolFailed", json.dumps({"errorMessage": "secret: /tmp/path"})),
        ("States.Timeout", ""),
        ("UploadRejected", "not json"),
        ("UploadRejected", "[]"),
        ("UploadRejected", json.dumps({"errorMessage": "no code"})),
    ],
)
def test_everything_else_is_our_fault_and_keeps_its_details(error: str, cause: str) -> None:
    assert read_failure(error, cause) == OURS
