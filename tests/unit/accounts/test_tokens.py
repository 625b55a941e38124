"""Tokens without any AWS: what is issued is read, and nothing else."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from millrace.accounts import tokens
from millrace.accounts.errors import BadToken
from millrace.platform.http import Caller
from millrace.platform.ids import UserId, new_id

KEY = ECKey.generate_key("P-256")
KID = KEY.thumbprint()
ISSUER = "https://millrace.example"
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def sign(message: bytes) -> bytes:
    private = KEY.private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def find(kid: str) -> ECKey | None:
    return KEY if kid == KID else None


def issued(caller: Caller) -> str:
    return tokens.issue(caller, issuer=ISSUER, kid=KID, sign=sign, at=AT)


def read(token: str, *, at: datetime = AT, issuer: str = ISSUER, key: Callable[[str], ECKey | None] = find) -> Caller:
    return tokens.read(token, issuer=issuer, find_key=key, at=at)


ADA = Caller(UserId(new_id()), frozenset({"creator", "viewer"}), new_id())
TOKEN = issued(ADA)


@given(st.frozensets(st.sampled_from(["viewer", "creator", "moderator", "admin"])))
def test_a_token_says_who_and_what_they_may(roles: frozenset[str]) -> None:
    caller = Caller(UserId(new_id()), roles, new_id())
    assert read(issued(caller)) == caller


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_a_token_changed_anywhere_is_worth_nothing(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    if _bytes(changed) == _bytes(TOKEN):
        # The last character of a part may carry bits that base64 does not read.
        return
    with pytest.raises(BadToken):
        read(changed)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_is_a_bad_token_and_nothing_worse(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}", TOKEN + text if text else text):
        with pytest.raises(BadToken):
            read(token)


@pytest.mark.parametrize(("seconds", "good"), [(-31, False), (-29, True), (0, True), (929, True), (931, False)])
def test_a_token_lasts_a_quarter_of_an_hour_give_or_take_the_leeway(seconds: int, good: bool) -> None:
    at = AT + timedelta(seconds=seconds)
    if good:
        assert read(TOKEN, at=at) == ADA
        return
    with pytest.raises(BadToken):
        read(TOKEN, at=at)


def test_another_site_does_not_take_it() -> None:
    with pytest.raises(BadToken):
        read(TOKEN, issuer="https://other.example")


def test_another_key_does_not_prove_it() -> None:
    stranger = ECKey.generate_key("P-256")
    with pytest.raises(BadToken):
        read(TOKEN, key=lambda _kid: stranger)


def _bytes(token: str) -> list[bytes]:
    try:
        return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]
    except ValueError:
        return []
