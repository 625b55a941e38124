"""S3: large uploads, reads of a part of an object, and the events about them."""

import hashlib
import json
import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.emulator.servers import Server, eventually

_MIB = 1 << 20


def bucket(server: Server, name: str) -> Any:
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    return s3


def upload(s3: Any, name: str, parts: list[bytes], **options: Any) -> tuple[str, list[dict[str, Any]]]:
    upload_id = s3.create_multipart_upload(Bucket=name, Key="film", **options)["UploadId"]
    named = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=name, Key="film", UploadId=upload_id, PartNumber=number, Body=part)["ETag"],
        }
        for number, part in enumerate(parts, start=1)
    ]
    return upload_id, named


def complete(s3: Any, name: str, upload_id: str, parts: list[dict[str, Any]], **options: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket=name, Key="film", UploadId=upload_id, MultipartUpload={"Parts": parts}, **options
    )


@contextmanager
def longest_wait_s(server: Server) -> Iterator[list[float]]:
    """Measure how long the server leaves another client waiting at the most."""
    longest = [0.0]
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            started = time.perf_counter()
            urllib.request.urlopen(f"{server.endpoint}/_ministack/health", timeout=60).close()
            longest[0] = max(longest[0], time.perf_counter() - started)
            done.wait(0.002)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield longest
    finally:
        done.set()
        thread.join()


def test_completing_a_large_upload_does_not_keep_others_waiting(server: Server) -> None:
    s3 = bucket(server, "large-upload")
    part = os.urandom(16 * _MIB)
    upload_id, parts = upload(s3, "large-upload", [part] * 6)

    with longest_wait_s(server) as waited:
        started = time.perf_counter()
        complete(s3, "large-upload", upload_id, parts)
        taken_s = time.perf_counter() - started

    assert s3.head_object(Bucket="large-upload", Key="film")["ContentLength"] == 96 * _MIB
    s3.delete_object(Bucket="large-upload", Key="film")
    # Upstream answers nobody until it is done: the wait is the whole of it.
    assert waited[0] < max(0.05, 0.6 * taken_s)


def read_bytes(server: Server) -> int:
    """Return how much the server has read from files since it started."""
    assert server.process is not None
    counters = Path(f"/proc/{server.process.pid}/io").read_text()
    return int(counters.partition("rchar: ")[2].split()[0])


def test_a_range_of_a_large_object_is_read_alone(server: Server) -> None:
    s3 = bucket(server, "ranges")
    content = os.urandom(_MIB) + bytes(31 * _MIB)
    s3.put_object(Bucket="ranges", Key="film", Body=content)
    before = read_bytes(server)

    body = s3.get_object(Bucket="ranges", Key="film", Range="bytes=1000-1999")["Body"].read()

    assert body == content[1000:2000]
    assert read_bytes(server) - before < _MIB


def test_an_open_ended_range_costs_what_the_client_takes_of_it(server: Server) -> None:
    s3 = bucket(server, "open-ended")
    s3.put_object(Bucket="open-ended", Key="film", Body=bytes(64 * _MIB))
    before = read_bytes(server)

    with s3.get_object(Bucket="open-ended", Key="film", Range="bytes=100-")["Body"] as body:
        assert len(body.read(1000)) == 1000

    # What the sockets between them hold is read ahead.
    assert read_bytes(server) - before < 32 * _MIB


def test_an_upload_can_be_resumed_after_a_restart(own_server: Server) -> None:
    s3 = bucket(own_server, "resumed")
    upload_id, parts = upload(s3, "resumed", [b"a" * 5 * _MIB], ContentType="video/mp4")

    own_server.stop()
    own_server.start()

    (listed,) = s3.list_parts(Bucket="resumed", Key="film", UploadId=upload_id)["Parts"]
    assert (listed["PartNumber"], listed["ETag"], listed["Size"]) == (1, parts[0]["ETag"], 5 * _MIB)
    second = s3.upload_part(Bucket="resumed", Key="film", UploadId=upload_id, PartNumber=2, Body=b"b")
    complete(s3, "resumed", upload_id, [*parts, {"PartNumber": 2, "ETag": second["ETag"]}])
    found = s3.get_object(Bucket="resumed", Key="film")
    assert (found["ContentType"], found["Body"].read()) == ("video/mp4", b"a" * 5 * _MIB + b"b")


def test_a_completed_upload_is_the_parts_in_order(ours: Server) -> None:
    s3 = bucket(ours, "in-order")
    bodies = [os.urandom(3 * _MIB), os.urandom(_MIB), b"end"]
    upload_id, parts = upload(s3, "in-order", bodies, ContentType="video/mp4", Metadata={"made-by": "us"})

    answer = complete(s3, "in-order", upload_id, parts)

    found = s3.get_object(Bucket="in-order", Key="film")
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert found["Body"].read() == b"".join(bodies)
    assert answer["ETag"] == found["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert (found["ContentType"], found["Metadata"]) == ("video/mp4", {"made-by": "us"})
    assert complete(s3, "in-order", upload_id, parts)["ETag"] == answer["ETag"], "asked again, it answers again"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="in-order")
    assert not list((ours.state / "parts").glob(f"{upload_id}*"))


def test_a_completion_that_names_a_wrong_part_is_refused_and_can_be_repeated(ours: Server) -> None:
    s3 = bucket(ours, "wrong-part")
    upload_id, parts = upload(s3, "wrong-part", [b"x" * 100])

    for wrong in ([{"PartNumber": 1, "ETag": '"0"'}], [{"PartNumber": 7, "ETag": parts[0]["ETag"]}]):
        with pytest.raises(s3.exceptions.ClientError, match="InvalidPart"):
            complete(s3, "wrong-part", upload_id, wrong)

    complete(s3, "wrong-part", upload_id, parts)
    assert s3.get_object(Bucket="wrong-part", Key="film")["Body"].read() == b"x" * 100


def test_a_replaced_part_counts_and_an_aborted_upload_leaves_nothing(ours: Server) -> None:
    s3 = bucket(ours, "replaced")
    upload_id, _ = upload(s3, "replaced", [b"first"])
    again = s3.upload_part(Bucket="replaced", Key="film", UploadId=upload_id, PartNumber=1, Body=b"second")
    complete(s3, "replaced", upload_id, [{"PartNumber": 1, "ETag": again["ETag"]}])
    aborted, _ = upload(s3, "replaced", [b"never"])

    s3.abort_multipart_upload(Bucket="replaced", Key="film", UploadId=aborted)

    assert s3.get_object(Bucket="replaced", Key="film")["Body"].read() == b"second"
    assert not list((ours.state / "parts").glob(f"{aborted}*"))


def test_versioned_buckets_keep_each_upload(ours: Server) -> None:
    s3 = bucket(ours, "versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    versions = []
    for content in (b"one", b"two"):
        upload_id, parts = upload(s3, "versioned", [content])
        versions.append(complete(s3, "versioned", upload_id, parts)["VersionId"])

    bodies = [s3.get_object(Bucket="versioned", Key="film", VersionId=v)["Body"].read() for v in versions]

    assert bodies == [b"one", b"two"]


def test_checksums_of_parts_become_the_checksum_of_the_object(ours: Server) -> None:
    s3 = bucket(ours, "checksums")
    upload_id = s3.create_multipart_upload(Bucket="checksums", Key="film", ChecksumAlgorithm="SHA256")["UploadId"]
    answer = s3.upload_part(
        Bucket="checksums", Key="film", UploadId=upload_id, PartNumber=1, Body=b"part", ChecksumAlgorithm="SHA256"
    )

    made = complete(
        s3,
        "checksums",
        upload_id,
        [{"PartNumber": 1, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]}],
    )

    assert made["ChecksumSHA256"].endswith("-1")
    head = s3.head_object(Bucket="checksums", Key="film", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == made["ChecksumSHA256"]


def test_presigned_urls_upload_in_parts_and_read_in_ranges(ours: Server) -> None:
    s3 = bucket(ours, "presigned")
    upload_id = s3.create_multipart_upload(Bucket="presigned", Key="film")["UploadId"]
    names = {"Bucket": "presigned", "Key": "film", "UploadId": upload_id}

    def ask(operation: str, method: str, body: bytes | None, headers: dict[str, str] | None = None, **more: Any) -> Any:
        url = s3.generate_presigned_url(operation, Params={**names, **more} if "upload" in operation else more)
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
        return urllib.request.urlopen(request, timeout=20)

    etag = ask("upload_part", "PUT", b"0123456789", PartNumber=1).headers["ETag"]
    document = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    ask("complete_multipart_upload", "POST", document.encode())

    read = ask("get_object", "GET", None, {"Range": "bytes=2-4"}, Bucket="presigned", Key="film")
    assert (read.status, read.headers["Content-Range"], read.read()) == (206, "bytes 2-4/10", b"234")


@pytest.mark.parametrize("size_bytes", [0, 1, 2 * _MIB, 2 * _MIB + 1, 9 * _MIB])
def test_objects_of_any_size_are_read_whole_and_in_ranges(ours: Server, size_bytes: int) -> None:
    s3 = ours.client("s3")
    if "sizes" not in [found["Name"] for found in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="sizes")
    content = os.urandom(size_bytes)
    s3.put_object(Bucket="sizes", Key="film", Body=content)

    whole = s3.get_object(Bucket="sizes", Key="film")

    assert (whole["ContentLength"], whole["Body"].read()) == (size_bytes, content)
    if size_bytes:
        tail = s3.get_object(Bucket="sizes", Key="film", Range="bytes=-1")
        assert (tail["ContentRange"], tail["Body"].read()) == (
            f"bytes {size_bytes - 1}-{size_bytes - 1}/{size_bytes}",
            content[-1:],
        )
        rest = s3.get_object(Bucket="sizes", Key="film", Range="bytes=1-")["Body"].read() if size_bytes > 1 else b""
        assert rest == content[1:]
    assert s3.head_object(Bucket="sizes", Key="film")["ContentLength"] == size_bytes
    s3.copy_object(Bucket="sizes", Key="copy", CopySource="sizes/film")
    assert s3.get_object(Bucket="sizes", Key="copy")["Body"].read() == content


def test_the_end_of_an_upload_is_an_event_with_the_object_s_size(ours: Server) -> None:
    s3 = bucket(ours, "announced")
    s3.put_bucket_notification_configuration(
        Bucket="announced", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    sqs = ours.client("sqs")
    queue = sqs.create_queue(QueueName="announced")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events = ours.client("events")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["announced"]}}}
    events.put_rule(Name="announced", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="announced", Targets=[{"Id": "queue", "Arn": arn}])
    upload_id, parts = upload(s3, "announced", [b"x" * 5 * _MIB, b"y" * 10])

    complete(s3, "announced", upload_id, parts)

    def received() -> dict[str, Any]:
        messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
        assert messages
        event: dict[str, Any] = json.loads(messages[0]["Body"])
        return event

    event = eventually(received)
    assert event["detail"]["reason"] == "CompleteMultipartUpload"
    assert event["detail"]["object"]["key"] == "film"
    assert event["detail"]["object"]["size"] == 5 * _MIB + 10
