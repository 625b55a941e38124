"""What the owner of a failed video reads."""

import json
from fractions import Fraction

import pytest

from millrace.media.refusal import RefusalCode, SourceRejected
from millrace.transcode.chunks import clock
from millrace.transcode.failure import PartFailed, UploadRejected, read_failure, refusals
from millrace.videos.model import Failure


def _cause(error: Exception) -> str:
    """Write an error as Lambda hands it to Step Functions."""
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": []})


def test_a_refusal_reaches_the_owner_word_for_word() -> None:
    with pytest.raises(UploadRejected) as caught, refusals():
        raise SourceRejected(RefusalCode.TRUNCATED, "The file is cut off: upload it again.")
    failure = read_failure("UploadRejected", _cause(caught.value))
    assert failure == Failure(code="truncated", message="The file is cut off: upload it again.")


def test_a_damaged_part_is_named() -> None:
    failed = PartFailed(clock(Fraction(12)), clock(Fraction(3723)))
    failure = read_failure("PartFailed", _cause(failed))
    assert failure is not None
    assert failure.code == "damaged_part"
    assert failure.message.startswith("The part from 0:12 to 1:02:03 could not be decoded")


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
    assert read_failure(error, cause) is None
