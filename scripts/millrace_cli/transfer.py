"""Send a file by S3 multipart upload: parts in parallel, each tried again, and resumed when run again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import httpx

from scripts.millrace_cli.api import Api, ApiRefused, Json
from scripts.millrace_cli.console import CommandFailed

_PARALLEL = 4
_ATTEMPTS = 5
# Before the second attempt, doubled before each one after it.
PAUSE_S = 0.5
_BLOCK_BYTES = 256 * 1024
_TIMEOUT = httpx.Timeout(120.0, connect=10.0)


@dataclass(frozen=True)
class Memory:
    """Which upload a file belongs to, kept until it is complete."""

    folder: Path

    def find(self, fingerprint: str) -> str | None:
        """Return the video that this file was being uploaded to."""
        try:
            return str(json.loads(self._file(fingerprint).read_text(encoding="utf-8"))["video_id"])
        except (OSError, ValueError, KeyError):
            return None

    def keep(self, fingerprint: str, video_id: str) -> None:
        """Remember the video."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file(fingerprint).write_text(json.dumps({"video_id": video_id}), encoding="utf-8")

    def forget(self, fingerprint: str) -> None:
        """The upload is complete or was given up."""
        self._file(fingerprint).unlink(missing_ok=True)

    def _file(self, fingerprint: str) -> Path:
        return self.folder / f"{fingerprint}.json"


def send(api: Api, memory: Memory, file: Path, draft: Json, advance: Callable[[int], None]) -> Json:
    """Upload the file as a new video, or as the rest of one whose upload broke; return the video."""
    size = file.stat().st_size
    if size == 0:
        raise CommandFailed(f"{file.name} is empty")
    mark = _fingerprint(file, draft)
    video_id, page = _resumed(api, memory, mark) or _begun(api, memory, mark, {**draft, "size_bytes": size})
    etags: dict[int, str] = {}
    with httpx.Client(timeout=_TIMEOUT, trust_env=False) as http, ThreadPoolExecutor(_PARALLEL) as pool:
        while True:
            sender = _Sender(http, file, page["part_size_bytes"], advance)
            etags.update(
                zip((p["part_number"] for p in page["parts"]), pool.map(sender.put, page["parts"]), strict=True)
            )
            if page["next_part"] is None:
                break
            page = api.request("GET", f"/api/videos/{video_id}/upload?first_part={page['next_part']}")
        _complete(http, page["complete_url"], etags)
    memory.forget(mark)
    return api.request("GET", f"/api/videos/{video_id}")


@dataclass(frozen=True)
class _Sender:
    """Puts parts of one file."""

    http: httpx.Client
    file: Path
    part_size: int
    advance: Callable[[int], None]

    def put(self, part: Json) -> str:
        """Return the part's ETag, putting it unless S3 has it."""
        start = (part["part_number"] - 1) * self.part_size
        length = min(self.part_size, self.file.stat().st_size - start)
        if part["etag"]:
            self.advance(length)
            return str(part["etag"])
        for attempt in range(1, _ATTEMPTS + 1):
            sent = _Counter(self.advance)
            try:
                answer = self.http.put(
                    part["url"], content=self._blocks(start, length, sent), headers={"Content-Length": str(length)}
                )
                answer.raise_for_status()
                return answer.headers["ETag"]
            except (httpx.HTTPError, KeyError) as error:
                self.advance(-sent.total)
                if attempt == _ATTEMPTS or _is_final(error):
                    raise CommandFailed(
                        f"part {part['part_number']} was not taken: {error}; run it again to go on"
                    ) from error
                time.sleep(PAUSE_S * 2 ** (attempt - 1))
        raise AssertionError("not reached")

    def _blocks(self, start: int, length: int, sent: _Counter) -> Iterator[bytes]:
        with self.file.open("rb") as opened:
            opened.seek(start)
            while length:
                block = opened.read(min(_BLOCK_BYTES, length))
                if not block:
                    raise CommandFailed(f"{self.file.name} became shorter while it was read")
                length -= len(block)
                sent(len(block))
                yield block


class _Counter:
    """Counts what an attempt sent, so that a failed one can be taken back from the progress bar."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self.total = 0
        self._advance = advance

    def __call__(self, count: int) -> None:
        self.total += count
        self._advance(count)


def _is_final(error: Exception) -> bool:
    """Tell whether trying again cannot help: S3 understood and refused."""
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code in {400, 403, 404}


def _begun(api: Api, memory: Memory, mark: str, draft: Json) -> tuple[str, Json]:
    answer = api.request("POST", "/api/videos", draft)
    video_id = str(answer["video"]["video_id"])
    memory.keep(mark, video_id)
    return video_id, dict(answer["upload"])


def _resumed(api: Api, memory: Memory, mark: str) -> tuple[str, Json] | None:
    video_id = memory.find(mark)
    if video_id is None:
        return None
    try:
        return video_id, api.request("GET", f"/api/videos/{video_id}/upload")
    except ApiRefused as refused:
        if refused.status not in {403, 404, 409, 410}:
            raise
        memory.forget(mark)  # finished, expired or deleted: begin anew
        return None


def _complete(http: httpx.Client, url: str, etags: dict[int, str]) -> None:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
        for number, etag in sorted(etags.items())
    )
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    answer = http.post(url, content=body, headers={"Content-Type": "application/xml"})
    # S3 may say 200 and then tell of an error in the body.
    if not answer.is_success or "<Error>" in answer.text:
        raise CommandFailed(f"the upload could not be completed (S3 said {answer.status_code}); run it again")


def _fingerprint(file: Path, draft: Json) -> str:
    """Name this very file in this wish: another title or an edited file is another upload."""
    facts = file.stat()
    text = repr((str(file.resolve()), facts.st_size, facts.st_mtime_ns, sorted(draft.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
