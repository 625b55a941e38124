"""The uploaded file as the steps read it: by ranges, never as a whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from millrace.media.probe import require_whole_input
from millrace.platform import clients, settings
from millrace.platform.process import Finished, ProcessLimits, run
from millrace.platform.steps import Deadline
from millrace.transcode.failure import UploadRejected
from millrace.videos.places import UploadPlace

# ffmpeg may go on reading for as long as a step runs; Lambda ends a step after 15 minutes.
URL_LIFETIME_S = 1200
# A step stops its tool this long before Lambda would stop the step, so that the reason can still be told.
MARGIN_S = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A source file on S3."""

    key: str
    size_bytes: int

    def url(self) -> str:
        """Return an address that opens this one object, for a while."""
        return clients.s3().generate_presigned_url(
            "get_object",
            Params={"Bucket": settings.require("UPLOADS_BUCKET"), "Key": self.key},
            ExpiresIn=URL_LIFETIME_S,
        )

    def reader(self) -> Callable[[int, int], bytes]:
        """Return a function from offset and length to those bytes, fewer at the end of the file."""

        def read(offset: int, length: int) -> bytes:
            if length <= 0 or offset >= self.size_bytes:
                return b""
            last = min(offset + length, self.size_bytes) - 1
            answer = clients.s3().get_object(
                Bucket=settings.require("UPLOADS_BUCKET"), Key=self.key, Range=f"bytes={offset}-{last}"
            )
            return answer["Body"].read()

        return read


def find_source(place: UploadPlace) -> Source:
    """Return the uploaded file; raises UploadRejected if it is gone."""
    try:
        head = clients.s3().head_object(Bucket=settings.require("UPLOADS_BUCKET"), Key=place.source_key)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            raise UploadRejected("missing", "The uploaded file is not there any more.") from error
        raise
    return Source(place.source_key, head["ContentLength"])


def run_on_source(argv: Sequence[str], deadline: Deadline, limits: ProcessLimits, cwd: Path | None = None) -> Finished:
    """Run a tool that reads the source, within what is left of the step.

    ffmpeg ends well even when its connection broke and it went on with a frozen picture: that raises
    SourceUnreachable here, and the step is tried again.
    """
    timeout_s = max(1.0, deadline.remaining_s() - MARGIN_S)
    finished = run(argv, timeout_s=timeout_s, limits=limits, cwd=cwd)
    require_whole_input(finished.stderr_tail)
    return finished
