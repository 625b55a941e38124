"""Passwords: policy and hashes."""

import contextlib
import unicodedata

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from hypothesis import given
from hypothesis import strategies as st

from millrace.accounts import passwords


@pytest.mark.parametrize(
    "password",
    [
        "correct horse in the mill",
        "Zürich-Ölten 47 km",
        "水車と川と石臼の音がする",
        "a1!b2?c3.d4",
        "x" * 5 + "abcdefg" * 17,
    ],
)
def test_a_password_of_ones_own_is_taken(password: str) -> None:
    passwords.check_policy(password, "ada@example.org")


@pytest.mark.parametrize("password", ["", "ninechars", "x" * 129, "ﬃ" * 3, "e\u0301" * 9])
def test_length_counts_characters_as_they_are_hashed(password: str) -> None:
    with pytest.raises(ValueError, match="10 to 128"):
        passwords.check_policy(password)


@pytest.mark.parametrize(
    "password",
    ["1234567890", "Password123", "!!!PassWord!!!", "QWERTYUIOP", "letmein2026", "aaaaaaaaaaaaaaa", "abababababab"],
)
def test_what_guessers_try_first_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="easy to guess"):
        passwords.check_policy(password)


@pytest.mark.parametrize("password", ["Lovelace-Ada@example.org", "LOVELACE-ADA"])
def test_the_address_is_no_password(password: str) -> None:
    with pytest.raises(ValueError, match="email address"):
        passwords.check_policy(password, "lovelace-ada@example.org")


def test_the_list_is_lower_case_and_long_enough_to_matter() -> None:
    common = passwords._common()
    assert len(common) >= 200
    assert all(word == word.lower().strip() for word in common)


def test_a_hash_is_argon2id_with_the_chosen_cost() -> None:
    stored = passwords.hashed("mill wheel and river")
    for found in (extract_parameters(stored), extract_parameters(passwords.STAND_IN)):
        assert found.type is Type.ID
        assert (found.memory_cost, found.time_cost, found.parallelism) == (47104, 2, 1)
    assert not passwords.is_outdated(passwords.STAND_IN)
    assert passwords.is_outdated(stored.replace("t=2", "t=1"))
    assert stored != passwords.hashed("mill wheel and river"), "every hash has its own salt"


def test_a_password_matches_however_its_characters_are_composed() -> None:
    stored = passwords.hashed(unicodedata.normalize("NFC", "Mühlräder am Fluß"))
    assert passwords.matches(stored, unicodedata.normalize("NFD", "Mühlräder am Fluß"))
    assert not passwords.matches(stored, "Mühlräder am Fluss")
    assert not passwords.matches("not a hash", "Mühlräder am Fluß")


@given(st.text(max_size=200))
def test_the_policy_has_an_opinion_on_any_text(password: str) -> None:
    with contextlib.suppress(ValueError):
        passwords.check_policy(password, "ada@example.org")
        assert 10 <= len(passwords.normal(password)) <= 128
