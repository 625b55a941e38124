"""Cursors go there and back, and nothing else does."""

import base64
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.platform.errors import Invalid
from millrace.platform.http import decode_cursor, encode_cursor

keys = st.dictionaries(st.text(max_size=8), st.dictionaries(st.sampled_from("SN"), st.text(max_size=20)), max_size=4)


@given(keys)
def test_a_key_comes_back(key: dict[str, Any]) -> None:
    cursor = encode_cursor(key)
    assert cursor is not None
    assert decode_cursor(cursor) == key
    assert not set(cursor) & set("+/=&?# ")


def test_the_end_has_no_cursor() -> None:
    assert encode_cursor(None) is None
    assert decode_cursor(None) is None


@given(st.text())
def test_anything_else_is_a_wrong_value(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(decode_cursor(text), dict)


@pytest.mark.parametrize("content", [b"[]", b'"x"', b"\xff", b"{", b"[" * 700, b'{"a":"' + b"x" * 1024 + b'"}'])
def test_a_forged_cursor_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="cursor"):
        decode_cursor(base64.urlsafe_b64encode(content).decode().rstrip("="))
