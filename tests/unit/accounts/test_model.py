"""Addresses and names."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from millrace.accounts.model import name_from_email, normal_display_name, normal_email

parts = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="@."), min_size=1, max_size=30)


@given(parts, parts)
def test_an_address_has_one_spelling(local: str, domain: str) -> None:
    email = normal_email(f"{local}@{domain}.org")
    assert normal_email(email) == email
    assert normal_email(f"  {email} ") == email
    assert email.count("@") == 1
    assert len(email) <= 254
    assert 1 <= len(normal_display_name(name_from_email(email))) <= 80


@given(st.emails())
def test_a_common_address_is_taken_in_any_case(email: str) -> None:
    assume(len(email.partition("@")[0]) <= 64)
    assert normal_email(email.upper()) == normal_email(email.lower()) == normal_email(email)


@pytest.mark.parametrize(
    "text", ["", "@", "a@", "@b.org", "a@b", "a@.org", "a@b.", "a@b..org", "a@b@c.org", "a\n@b.org"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an email address"):
        normal_email(text)


@given(st.text(max_size=100))
def test_a_name_that_is_taken_shows(text: str) -> None:
    try:
        name = normal_display_name(text)
    except ValueError:
        return
    assert normal_display_name(name) == name
    assert 1 <= len(name) <= 80
    assert name == name.strip()
    assert "\n" not in name
    assert "\u202e" not in name


@pytest.mark.parametrize("text", ["", "   ", "\u200d", "x" * 81, "a\x00b", "a\u2066b"])
def test_a_name_that_does_not_show_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="name"):
        normal_display_name(text)
