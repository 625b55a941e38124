"""Ids: shape and order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.platform.ids import is_id, new_id

# Constant: workers that share the tests have to name them alike.
SOME_ID = "01kc3v9m5t3q8x5f0h2j4n6p8r"


def test_new_ids_are_ids_in_order() -> None:
    ids = [new_id() for _ in range(500)]
    assert all(map(is_id, ids))
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    "text", ["", SOME_ID.upper(), f"{SOME_ID}\n", f" {SOME_ID}", SOME_ID[1:], "8" + "0" * 25, "i" * 26]
)
def test_what_merely_looks_like_an_id_is_none(text: str) -> None:
    assert not is_id(text)


@given(st.text())
def test_an_id_is_safe_wherever_it_is_put(text: str) -> None:
    if is_id(text):
        assert text.isascii()
        assert text.isalnum()
