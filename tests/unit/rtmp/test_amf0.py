"""AMF0 is read and written without trusting what it says about itself."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.limits import Limits

LIMITS = Limits()
SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=40)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(min_size=1, max_size=9), inner, max_size=5),
    max_leaves=20,
)


@given(st.lists(VALUES, max_size=5))
def test_what_is_written_is_read_again(values: list[amf0.Value]) -> None:
    assert amf0.decode(amf0.encode(*values), Limits(amf_depth=100, amf_items=10_000)) == values


@given(st.binary(max_size=300))
def test_random_bytes_are_values_or_a_protocol_error(data: bytes) -> None:
    try:
        values = amf0.decode(data, LIMITS)
    except ProtocolError:
        return
    assert len(values) <= LIMITS.amf_items


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"\x08\x00\x00\x00\x09\x00\x01a\x01\x01\x00\x00\x09", [{"a": True}]),
        (b"\x0c\x00\x00\x00\x02hi", ["hi"]),
        (b"\x0b" + struct.pack(">d", 12.0) + b"\x00\x00", [12.0]),
        (b"\x06\x05\x0d", [None, None, None]),
        (b"\x02\x00\x02\xff\xfe", ["��"]),
        (b"\x03\x00\x00\x05\x00\x00\x09", [{"": None}]),
    ],
    ids=["ECMA array", "long string", "date", "nothing", "no UTF-8", "a member without a name"],
)
def test_kinds_that_encoders_send(data: bytes, values: list[amf0.Value]) -> None:
    assert amf0.decode(data, LIMITS) == values


@pytest.mark.parametrize(
    "data",
    [
        b"\x03\x00\x01a" * 12_000,
        b"\x0a\x00\x00\x00\x01" * 12_000,
        b"\x0a\x7f\xff\xff\xff" + b"\x05" * 60_000,
        b"\x0a\x7f\xff\xff\xff",
        b"\x02\xff\xffshort",
        b"\x0c\xff\xff\xff\xffshort",
        b"\x00\x00",
        b"\x03\x00\x01a",
        b"\x11\x00",
    ],
    ids=[
        "deep object", "deep array", "many items", "huge count", "cut string", "cut long string", "cut number",
        "open object", "AMF3",
    ],
)  # fmt: skip
def test_what_is_too_deep_too_much_or_cut_short_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        amf0.decode(data, LIMITS)
