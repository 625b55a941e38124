"""Ranges and conditions."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.headers import Headers, first
from edge.recording import Recording
from edge.representation import RangeNotSatisfiable, Slice, parse_range, represent
from edge.store import Entry
from tests.unit.edge.viewers import request


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-0", Slice(0, 1)),
        ("bytes=10-19", Slice(10, 20)),
        ("bytes=90-", Slice(90, 100)),
        ("bytes=90-500", Slice(90, 100)),
        ("bytes=-5", Slice(95, 100)),
        ("bytes=-500", Slice(0, 100)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_read(field: str, expected: Slice | None) -> None:
    assert parse_range(field, 100) == expected


@pytest.mark.parametrize("field", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(field: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(field, 100)


@given(st.text(), st.integers(min_value=0, max_value=10**12))
def test_no_range_leads_outside_the_object(field: str, total: int) -> None:
    try:
        part = parse_range(f"bytes={field}", total)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part.start < part.end <= total


def _entry(tmp_path: Path, headers: Headers, body: bytes = b"0123456789") -> Entry:
    recording = Recording(tmp_path, 1000)
    recording.write(body)
    recording.finish()
    return Entry(200, headers, recording, 0, 60)


@pytest.mark.parametrize(
    ("condition", "status"),
    [('"a"', 304), ('W/"a"', 304), ('"b", "a"', 304), ("*", 304), ('"b"', 200), ("", 200)],
)
def test_entity_tags_are_compared_weakly(tmp_path: Path, condition: str, status: int) -> None:
    entry = _entry(tmp_path, (("etag", '"a"'),))
    assert represent(entry, request(if_none_match=condition)).status == status


def test_the_entity_tag_goes_before_the_date(tmp_path: Path) -> None:
    modified = "Sun, 22 Nov 2026 16:00:00 GMT"
    entry = _entry(tmp_path, (("etag", '"a"'), ("last-modified", modified)))
    assert represent(entry, request(if_modified_since=modified)).status == 304
    assert represent(entry, request(if_modified_since=modified, if_none_match='"b"')).status == 200
    assert represent(entry, request(if_modified_since="yesterday")).status == 200


def test_a_range_is_honoured_only_of_the_very_object_that_the_viewer_has(tmp_path: Path) -> None:
    entry = _entry(tmp_path, (("etag", '"a"'),))
    assert represent(entry, request(range="bytes=0-1", if_range='"a"')).status == 206
    assert represent(entry, request(range="bytes=0-1", if_range='"b"')).status == 200
    assert represent(entry, request(range="bytes=0-1", if_range='W/"a"')).status == 200


def test_a_compressed_object_and_one_of_unknown_length_are_sent_whole(tmp_path: Path) -> None:
    compressed = _entry(tmp_path, (("content-encoding", "gzip"),))
    growing = Entry(200, (), Recording(tmp_path, 1000), 0, 60)
    assert represent(compressed, request(range="bytes=0-1")).status == 200
    assert represent(growing, request(range="bytes=0-1")).status == 200


def test_the_length_of_a_finished_body_is_told(tmp_path: Path) -> None:
    assert first(represent(_entry(tmp_path, ()), request()).headers, "content-length") == "10"
