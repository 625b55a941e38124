"""Ids: shape and order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.platform.ids import is_id, new_id


def test_new_ids_are_ids_in_order() -> None:
    ids = [new_id() for _ in range(500)]
    assert all(map(is_id, ids))
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    "text", ["", new_id().upper(), f"{new_id()}\n", f" {new_id()}", new_id()[1:], "8" + "0" * 25, "i" * 26]
)
def test_what_merely_looks_like_an_id_is_none(text: str) -> None:
    assert not is_id(text)


@given(st.text())
def test_an_id_is_safe_wherever_it_is_put(text: str) -> None:
    if is_id(text):
        assert text.isascii()
        assert text.isalnum()
