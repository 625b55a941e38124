"""Handles and links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.channels.model import (
    MAX_HANDLE_CHARS,
    checked_handle,
    checked_url,
    folded_handle,
    handle_from_name,
    is_reserved,
)


@given(st.text(max_size=120), st.sampled_from(["", "7", "1234567890"]))
def test_a_proposed_handle_can_be_had_unless_it_is_reserved(name: str, suffix: str) -> None:
    handle = handle_from_name(name, suffix)
    if not is_reserved(handle):
        assert checked_handle(handle) == folded_handle(handle) == handle


@given(st.from_regex(r"[A-Za-z0-9]([._-]?[A-Za-z0-9]){2,14}", fullmatch=True))
def test_a_handle_keeps_its_spelling_and_has_one_key(handle: str) -> None:
    if is_reserved(handle):
        return
    assert checked_handle(handle) == handle
    assert folded_handle(handle.upper()) == folded_handle(handle)
    assert len(handle) <= MAX_HANDLE_CHARS


@pytest.mark.parametrize(
    "handle", ["admin", "Admin", "a.d.m.i.n", "adm1n", "he1p", "Millrace-Official", "r00t", "w-w-w", "5upport"]
)
def test_a_handle_that_passes_for_the_platform_is_reserved(handle: str) -> None:
    assert is_reserved(handle)


@pytest.mark.parametrize("handle", ["ada", "administer", "milly", "the-api-guy", "route66", "live4life"])
def test_ordinary_handles_are_free(handle: str) -> None:
    assert not is_reserved(handle)


@given(st.text(max_size=80))
def test_what_is_taken_for_a_link_is_a_plain_web_address(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://a.example/{text}", f"javascript:{text}"):
        try:
            url = checked_url(candidate)
        except ValueError:
            continue
        assert re.match(r"https?://[^/@\s\\]+\.", url)
        assert not re.search(r"\s", url)
        assert checked_url(url) == url


def test_a_foreign_host_is_shown_in_the_letters_that_it_is_found_by() -> None:
    # A Cyrillic letter in a name that looks Latin.
    assert checked_url("https://p\u0430ypal.example/") == "https://xn--pypal-4ve.example/"
