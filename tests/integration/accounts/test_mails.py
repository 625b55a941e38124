"""Proving addresses and replacing forgotten passwords, with mail that the emulator's SES takes."""

import json
import re
import urllib.request
from datetime import timedelta
from typing import Any

import pytest

from millrace.accounts.mails import service as mails
from millrace.platform import clients
from millrace.platform.clock import now
from millrace.platform.ids import new_id
from millrace.platform.mail import MailUnavailable
from tests.integration.accounts.conftest import SITE, World
from tests.integration.accounts.gateway import Gateway, load_function
from tests.integration.emulator.servers import eventually, free_port

VERIFY = "/api/auth/verify-email"
ASK_VERIFY = "/api/auth/email-verification"
ASK_RESET = "/api/auth/password-reset"
RESET = "/api/auth/reset-password"
SIGN_IN = "/api/auth/sign-in"
ME = "/api/users/me"
NEW_PASSWORD = "a lock between two rivers"


def mailed(world: World, address: str) -> list[dict[str, Any]]:
    """Return the mails to an address, oldest first."""
    with urllib.request.urlopen(f"{world.server.endpoint}/_ministack/ses/messages", timeout=10) as answer:
        accounts = json.load(answer)["messages"]
    found = [mail for mails_of_one in accounts.values() for mail in mails_of_one]
    return [mail for mail in found if address in mail["To"]]


def token_of(mail: dict[str, Any], page: str) -> str:
    found = re.search(rf"^{re.escape(SITE)}/{page}#token=(\S+)$", mail["BodyText"], re.MULTILINE)
    assert found, mail["BodyText"]
    return found[1]


def deliver(world: World, kind: str, user_id: str) -> None:
    """Do what the bus does with the event of this kind about this account, once it is there."""
    heard: list[dict[str, Any]] = []

    def arrived() -> dict[str, Any]:
        heard.extend(world.heard())
        for event in heard:
            if event["detail-type"] == kind and event["detail"]["user_id"] == user_id:
                return event
        raise AssertionError(f"no {kind}")

    load_function("send_account_mail").handler(eventually(arrived), None)


def reset_token(auth: Gateway, world: World, ada: dict[str, Any]) -> str:
    assert auth.call("POST", ASK_RESET, {"email": ada["email"]}).status == 202
    deliver(world, "PasswordResetAsked", ada["user"]["user_id"])
    return token_of(mailed(world, ada["email"])[-1], "reset-password")


def test_registering_brings_a_mail_whose_link_proves_the_address_once(
    auth: Gateway, ada: dict[str, Any], world: World
) -> None:
    assert not ada["user"]["email_verified"]
    deliver(world, "UserRegistered", ada["user"]["user_id"])
    (mail,) = mailed(world, ada["email"])
    token = token_of(mail, "verify-email")

    assert auth.call("POST", VERIFY, {"token": token}).status == 204
    assert auth.call("GET", ME, token=ada["access_token"]).json["email_verified"]
    again = auth.call("POST", VERIFY, {"token": token})
    assert (again.status, again.json["type"]) == (409, "urn:millrace:problem:bad-mail-token")


def test_a_proven_address_gets_no_other_mail(auth: Gateway, ada: dict[str, Any], world: World) -> None:
    user_id = ada["user"]["user_id"]
    deliver(world, "UserRegistered", user_id)
    auth.call("POST", VERIFY, {"token": token_of(mailed(world, ada["email"])[0], "verify-email")})
    assert auth.call("POST", ASK_VERIFY, {}, token=ada["access_token"]).status == 202
    deliver(world, "EmailVerificationAsked", user_id)
    assert len(mailed(world, ada["email"])) == 1


def test_a_forgotten_password_is_replaced_and_everything_signed_out(
    auth: Gateway, ada: dict[str, Any], world: World
) -> None:
    token = reset_token(auth, world, ada)
    assert auth.call("POST", RESET, {"token": token, "new_password": NEW_PASSWORD}).status == 204
    assert auth.call("POST", SIGN_IN, {"email": ada["email"], "password": ada["password"]}).status == 401
    assert auth.call("POST", "/api/auth/refresh", {"refresh_token": ada["refresh_token"]}).status == 401
    fresh = auth.call("POST", SIGN_IN, {"email": ada["email"], "password": NEW_PASSWORD})
    assert fresh.json["user"]["email_verified"], "the mail reached its reader"
    deliver(world, "PasswordChanged", ada["user"]["user_id"])
    assert mailed(world, ada["email"])[-1]["Subject"] == "Your password was changed"


def test_a_reset_link_works_once_and_ends_the_others(auth: Gateway, ada: dict[str, Any], world: World) -> None:
    first, second = reset_token(auth, world, ada), reset_token(auth, world, ada)
    assert auth.call("POST", RESET, {"token": second, "new_password": NEW_PASSWORD}).status == 204
    for token in (first, second):
        assert auth.call("POST", RESET, {"token": token, "new_password": "another one altogether"}).status == 409
    assert auth.call("POST", SIGN_IN, {"email": ada["email"], "password": NEW_PASSWORD}).status == 200


def test_a_refused_password_does_not_use_up_the_link(auth: Gateway, ada: dict[str, Any], world: World) -> None:
    token = reset_token(auth, world, ada)
    answer = auth.call("POST", RESET, {"token": token, "new_password": "password123"})
    assert list(answer.refused_fields) == ["new_password"]
    assert auth.call("POST", RESET, {"token": token, "new_password": NEW_PASSWORD}).status == 204


@pytest.mark.parametrize(("lifetime", "status"), [(timedelta(minutes=59), 204), (timedelta(hours=1), 409)])
def test_a_reset_link_lasts_an_hour_whatever_the_table_still_has(
    auth: Gateway, ada: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch, lifetime: timedelta, status: int
) -> None:
    token = reset_token(auth, world, ada)
    monkeypatch.setattr(mails, "now", lambda: now() + lifetime)
    assert auth.call("POST", RESET, {"token": token, "new_password": NEW_PASSWORD}).status == status


def test_a_token_is_good_for_its_purpose_only(auth: Gateway, ada: dict[str, Any], world: World) -> None:
    deliver(world, "UserRegistered", ada["user"]["user_id"])
    token = token_of(mailed(world, ada["email"])[0], "verify-email")
    assert auth.call("POST", RESET, {"token": token, "new_password": NEW_PASSWORD}).status == 409
    assert auth.call("POST", VERIFY, {"token": reset_token(auth, world, ada)}).status == 409


@pytest.mark.parametrize("token", ["", "x", "x" * 1024, "../../USER#1", "ü"])
def test_a_made_up_token_is_refused(auth: Gateway, token: str) -> None:
    assert auth.call("POST", VERIFY, {"token": token}).status == 409
    assert auth.call("POST", RESET, {"token": token, "new_password": NEW_PASSWORD}).status == 409


def test_asking_for_a_reset_tells_nobody_who_has_an_account(
    auth: Gateway, ada: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(clients.events(), "put_events", _counted(clients.events().put_events, asked))
    known = auth.call("POST", ASK_RESET, {"email": ada["email"]})
    unknown = auth.call("POST", ASK_RESET, {"email": f"{new_id()}@example.org"})
    assert (known.status, known.json) == (unknown.status, unknown.json) == (202, {"status": "accepted"})
    assert len(asked) == 2, "the same work for both"
    # The event about nobody is taken, and nothing comes of it.
    nobody = {"detail-type": "PasswordResetAsked", "detail": {"user_id": new_id()}}
    load_function("send_account_mail").handler(nobody, None)


def _counted(put_events: Any, asked: list[str]) -> Any:
    def put(**arguments: Any) -> Any:
        asked.append("put_events")
        return put_events(**arguments)

    return put


def test_tokens_are_stored_only_as_hashes(auth: Gateway, ada: dict[str, Any], world: World) -> None:
    token = reset_token(auth, world, ada)
    items = world.server.client("dynamodb").scan(TableName=world.table)["Items"]
    assert token not in json.dumps(items)
    assert any(item["pk"]["S"].startswith("MAIL#") and "expires_at" in item for item in items)


def test_a_mail_that_ses_does_not_take_now_is_tried_again(
    auth: Gateway, ada: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SES", f"http://127.0.0.1:{free_port()}")
    clients.forget()
    event = {"detail-type": "UserRegistered", "detail": {"user_id": ada["user"]["user_id"]}}
    with pytest.raises(MailUnavailable):
        load_function("send_account_mail").handler(event, None)


def test_a_stack_without_a_sender_goes_without_mail(
    auth: Gateway, ada: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_SENDER")
    event = {"detail-type": "UserRegistered", "detail": {"user_id": ada["user"]["user_id"]}}
    load_function("send_account_mail").handler(event, None)
    assert mailed(world, ada["email"]) == []
