"""Multipart uploads are kept as files and put together beside the event loop.

Upstream keeps every part in memory, where a restart loses it, and completes an upload by hashing, joining and writing
the object on the event loop: 1 GB takes 7 s, in which no client is answered, and 2 GB of memory. Here a part
goes to a file, a completion copies the files in a thread, and only its book-keeping runs on the loop. Uploads are
part of the saved state, so that a client may resume one after a restart.

What is out of the ordinary (versioned or replicated buckets, conditions, errors) is still upstream's, with the parts
read back into memory.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from emulator import upstream
from emulator.objects.part_files import PartFiles

Answer = tuple[int, dict[str, str], Any]
Headers = dict[str, str]
Query = dict[str, list[str]]
Upload = dict[str, Any]

# With one of these the client asks for a check that upstream makes on the bodies.
_CONDITIONS = ("if-match", "if-none-match", "x-amz-mp-object-size")


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part as the client names it when it completes an upload."""

    number: int
    etag: str
    checksums: tuple[tuple[str, str], ...]


def apply(files: PartFiles) -> None:
    """Replace what takes parts and completes uploads."""
    s3 = upstream.module("services.s3")
    uploads = _Uploads(s3, files)
    for name in ("_upload_part", "_upload_part_copy"):
        upstream.replace(s3, name, uploads.keep_part)
    upstream.replace(s3, "_abort_multipart_upload", uploads.abort)
    upstream.replace(s3, "_complete_multipart_upload", uploads.complete)
    upstream.replace(s3, "handle_request", uploads.leave_the_loop)
    upstream.replace(s3, "load_persisted_state", _restore_part_numbers)
    s3._PERSISTED_BUCKET_DICTS["multipart_uploads"] = s3._multipart_uploads


class _Uploads:
    """S3's uploads with their bodies in files; each method makes a replacement of the function it is given."""

    def __init__(self, s3: Any, files: PartFiles) -> None:
        self._s3 = s3
        self._files = files
        self._completing: dict[str, asyncio.Lock] = {}
        self._assembled: dict[str, tuple[list[NamedPart], Path]] = {}

    def keep_part(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def upload_part(*arguments: Any) -> Answer:
            answer = original(*arguments)
            if answer[0] == 200:
                # Both functions take the query as a dictionary, at different positions.
                query = next(value for value in arguments if isinstance(value, dict) and "uploadId" in value)
                self._move_to_file(self._s3._qp(query, "uploadId"), int(self._s3._qp(query, "partNumber")))
            return answer

        return upload_part

    def abort(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def abort_upload(bucket: str, key: str, query: Query) -> Answer:
            answer = original(bucket, key, query)
            if answer[0] == 204:
                self._forget(self._s3._qp(query, "uploadId"))
            return answer

        return abort_upload

    def complete(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def complete_upload(bucket: str, key: str, body: bytes, query: Query, headers: Headers | None = None) -> Answer:
            upload_id = self._s3._qp(query, "uploadId")
            upload: Upload | None = self._s3._multipart_uploads.get(upload_id)
            if upload is None:
                return original(bucket, key, body, query, headers)
            parts = _named_parts(body, upload)
            if parts is None or not self._is_ordinary(bucket, key, upload, headers or {}):
                self._read_back(upload_id, upload)
                answer = original(bucket, key, body, query, headers)
                if upload_id not in self._s3._multipart_uploads:
                    self._forget(upload_id)
                return answer
            return self._store(bucket, key, upload_id, upload, parts, headers or {})

        return complete_upload

    def leave_the_loop(self, original: Callable[..., Coroutine[Any, Any, Answer]]) -> Callable[..., Awaitable[Answer]]:
        async def handle_request(
            method: str, path: str, headers: Headers, body: bytes, query: Query, *rest: Any, **named: Any
        ) -> Answer:
            def answering() -> Coroutine[Any, Any, Answer]:
                return original(method, path, headers, body, query, *rest, **named)

            upload_id: str = self._s3._qp(query, "uploadId")
            if upload_id and method == "PUT":
                return await asyncio.to_thread(_run_to_end, answering)
            if upload_id and method == "POST":
                # A client that was kept waiting may ask again: the second completion finds the first one's answer.
                async with self._completing.setdefault(upload_id, asyncio.Lock()):
                    await asyncio.to_thread(self._assemble_ahead, upload_id, body)
                    return await answering()
            return await answering()

        return handle_request

    def _move_to_file(self, upload_id: str, number: int) -> None:
        part = self._s3._multipart_uploads[upload_id]["parts"][number]
        self._files.write(upload_id, number, part["body"])
        part["body"] = b""

    def _read_back(self, upload_id: str, upload: Upload) -> None:
        for number, part in upload["parts"].items():
            part["body"] = self._files.read(upload_id, number)

    def _is_ordinary(self, bucket: str, key: str, upload: Upload, headers: Headers) -> bool:
        algorithm = str(upload.get("checksum_algorithm") or "").lower()
        return (
            (upload["bucket"], upload["key"]) == (bucket, key)
            and self._s3._ensure_bucket(bucket) is not None
            and not self._s3._bucket_versioning.get(bucket)
            and not self._s3._bucket_replication.get(bucket)
            and self._s3._check_sse_c_part(headers, upload) is None
            and not any(name in headers for name in (*_CONDITIONS, f"x-amz-checksum-{algorithm}"))
        )

    def _assemble_ahead(self, upload_id: str, body: bytes) -> None:
        upload = self._s3._multipart_uploads.get(upload_id)
        parts = _named_parts(body, upload) if upload else None
        # Parts that an abort deletes meanwhile are the completion's to report.
        with contextlib.suppress(OSError):
            if parts:
                self._assembled[upload_id] = (parts, self._assemble(upload_id, parts))

    def _assemble(self, upload_id: str, parts: list[NamedPart]) -> Path:
        return self._files.assemble(upload_id, [part.number for part in parts])

    def _forget(self, upload_id: str) -> None:
        self._files.discard(upload_id)
        self._assembled.pop(upload_id, None)
        self._completing.pop(upload_id, None)

    def _store(
        self, bucket: str, key: str, upload_id: str, upload: Upload, parts: list[NamedPart], headers: Headers
    ) -> Answer:
        s3 = self._s3
        assembled_of, file = self._assembled.get(upload_id, ([], None))
        if file is None or assembled_of != parts:
            file = self._assemble(upload_id, parts)
        record = self._record(upload, parts)
        target = Path(s3._object_disk_path(bucket, key))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.replace(target)
        s3._ensure_bucket(bucket)["objects"][key] = record
        del s3._multipart_uploads[upload_id]
        self._forget(upload_id)
        # Writes the object's description; its body is in its place already.
        s3._persist_object(bucket, key, record)
        s3._object_annotations.pop((bucket, key, None), None)
        s3._fire_s3_event_async(
            bucket, key, "s3:ObjectCreated:CompleteMultipartUpload", size=record["size"], etag=record["etag"]
        )
        answer = (200, self._answer_headers(record), _result(s3, bucket, key, record, headers))
        s3._completed_multipart_uploads[upload_id] = {"key": key, "response": answer}
        return answer

    def _answer_headers(self, record: dict[str, Any]) -> Headers:
        return {"Content-Type": "application/xml", **self._s3._stored_sse_headers(record)}

    def _record(self, upload: Upload, parts: list[NamedPart]) -> dict[str, Any]:
        stored = [upload["parts"][part.number] for part in parts]
        algorithm = upload.get("checksum_algorithm")
        digests = [(part.get("checksums") or {}).get(algorithm) for part in stored]
        composite = self._s3._composite_checksum(algorithm, digests) if algorithm else None
        # S3's ETag of an upload is the digest of its parts' digests.
        md5 = hashlib.md5(b"".join(bytes.fromhex(part["etag"].strip('"')) for part in stored), usedforsecurity=False)
        return {
            "body": None,
            "content_type": upload["content_type"],
            "content_encoding": upload.get("content_encoding"),
            "etag": f'"{md5.hexdigest()}-{len(parts)}"',
            "last_modified": self._s3.now_iso(),
            "size": sum(part["size"] for part in stored),
            "metadata": upload["metadata"],
            "preserved_headers": upload.get("preserved_headers", {}),
            "storage_class": upload.get("storage_class") or "STANDARD",
            "parts": [
                {"PartNumber": part.number, "Size": stored_part["size"]}
                for part, stored_part in zip(parts, stored, strict=True)
            ],
            "checksums": {algorithm: composite} if composite else {},
            "checksum_type": "COMPOSITE" if composite else None,
        }


def _named_parts(body: bytes, upload: Upload) -> list[NamedPart] | None:
    # None if the request is not one that S3 would accept as it stands.
    try:
        parts = sorted((_named_part(element) for element in _children(ET.fromstring(body), "Part")), key=_number)
    except (ET.ParseError, KeyError, ValueError):
        return None
    stored = upload["parts"]
    agreed = all(
        part.number in stored
        and part.etag == stored[part.number]["etag"].strip('"')
        and all((stored[part.number].get("checksums") or {}).get(name) == value for name, value in part.checksums)
        for part in parts
    )
    return parts if parts and agreed else None


def _named_part(element: ET.Element) -> NamedPart:
    fields = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element}
    checksums = tuple(
        (name.removeprefix("Checksum").upper(), value) for name, value in fields.items() if name.startswith("Checksum")
    )
    return NamedPart(int(fields["PartNumber"]), fields["ETag"].strip('"'), checksums)


def _number(part: NamedPart) -> int:
    return part.number


def _children(element: ET.Element, name: str) -> list[ET.Element]:
    return [child for child in element if child.tag.rpartition("}")[2] == name]


def _result(s3: Any, bucket: str, key: str, record: dict[str, Any], headers: Headers) -> bytes:
    root = ET.Element("CompleteMultipartUploadResult", xmlns=s3.S3_NS)
    fields = {
        "Location": f"http://{headers.get('host', 'localhost')}/{bucket}/{key}",
        "Bucket": bucket,
        "Key": key,
        "ETag": record["etag"],
    }
    for algorithm, value in record["checksums"].items():
        fields |= {f"Checksum{algorithm}": value, "ChecksumType": "COMPOSITE"}
    for name, value in fields.items():
        ET.SubElement(root, name).text = value
    body: bytes = s3._xml_body(root)
    return body


def _run_to_end(answering: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
    # Upstream's handler is a coroutine that waits for nothing on this path.
    try:
        answering().send(None)
    except StopIteration as finished:
        answer: Answer = finished.value
        return answer
    raise RuntimeError("S3 waited for something while it took a part")


def _restore_part_numbers(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def load_persisted_state(data: Any) -> None:
        original(data)
        # JSON has turned them into text.
        for upload in upstream.module("services.s3")._multipart_uploads._data.values():
            upload["parts"] = {int(number): part for number, part in upload["parts"].items()}

    return load_persisted_state
