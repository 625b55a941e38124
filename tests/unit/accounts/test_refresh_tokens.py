"""Refresh tokens without any AWS."""

import pytest

from millrace.accounts.sessions.refresh_tokens import RefreshToken
from millrace.platform.ids import UserId, new_id

TOKEN = RefreshToken.new(UserId(new_id()), new_id())


def test_a_token_is_read_as_it_was_written() -> None:
    assert RefreshToken.parse(TOKEN.text) == TOKEN


def test_a_successor_keeps_session_and_family_and_has_another_secret() -> None:
    successor = TOKEN.successor()
    assert (successor.session_id, successor.family_hash) == (TOKEN.session_id, TOKEN.family_hash)
    assert successor.secret != TOKEN.secret


def test_only_the_token_before_opens_the_sealed_successor() -> None:
    successor = TOKEN.successor()
    sealed = TOKEN.seal(successor)
    assert TOKEN.unseal(sealed) == successor
    assert successor.secret not in sealed
    assert TOKEN.successor().unseal(sealed) != successor


def test_what_is_stored_does_not_tell_the_token() -> None:
    for part in (TOKEN.family, TOKEN.secret):
        assert part.hex() not in TOKEN.family_hash + TOKEN.secret_hash


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mrt",
        "....",
        TOKEN.text[:-1],
        TOKEN.text + "A",
        TOKEN.text.replace("mrt", "mrx"),
        TOKEN.text.replace(TOKEN.user_id, "../../etc/passwd"),
        TOKEN.text.upper(),
        TOKEN.text + "." * 10_000,
        "ü" + TOKEN.text,
        f"mrt.{TOKEN.user_id}.{TOKEN.session_id}.ü.ü",
    ],
    # The tokens are others in every process, and tests are known by their names.
    ids=[f"{number}" for number in range(11)],
)
def test_anything_else_is_no_token(text: str) -> None:
    assert RefreshToken.parse(text) is None
