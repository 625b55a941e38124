"""Registering over HTTP, against a real table, key and bus."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError
from pynamodb.transactions import TransactWrite

from millrace.platform import clients
from millrace.platform.ids import is_id, new_id
from millrace.platform.store import WAIT_LIMITS_S
from tests.integration.accounts.conftest import World
from tests.integration.accounts.gateway import Gateway, load_function
from tests.integration.emulator.servers import eventually, free_port

REGISTER = "/api/auth/register"


def person(**changes: Any) -> dict[str, Any]:
    return {"email": f"{new_id()}@example.org", "password": "mill wheel and river", **changes}


def test_registering_makes_an_account_that_its_token_opens(auth: Gateway) -> None:
    wanted = person(display_name="  Ada\tLovelace ")

    answer = auth.call("POST", REGISTER, wanted)

    assert answer.status == 201
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    user = answer.json["user"]
    assert is_id(user["user_id"])
    assert user["email"] == wanted["email"]
    assert user["display_name"] == "Ada Lovelace"
    assert user["roles"] == ["creator", "viewer"]
    assert auth.call("GET", "/api/users/me", token=answer.json["access_token"]).json == user


def test_the_name_defaults_to_the_part_before_the_at(auth: Gateway) -> None:
    wanted = person()
    assert auth.call("POST", REGISTER, wanted).json["user"]["display_name"] == wanted["email"].split("@")[0]


def test_registering_is_announced(auth: Gateway, world: World) -> None:
    user_id = auth.call("POST", REGISTER, person()).json["user"]["user_id"]
    heard: list[dict[str, Any]] = []

    def announced() -> None:
        heard.extend(world.heard())
        ours = [event for event in heard if event["detail"]["user_id"] == user_id]
        assert [event["detail-type"] for event in ours] == ["UserRegistered"]
        assert ours[0]["source"] == "millrace"
        assert ours[0]["detail"]["version"] == 1

    eventually(announced)


def test_the_password_is_stored_only_as_a_hash_and_away_from_the_account(auth: Gateway, world: World) -> None:
    wanted = person()
    user_id = auth.call("POST", REGISTER, wanted).json["user"]["user_id"]

    account, credential = world.item(f"USER#{user_id}"), world.item(f"EMAIL#{wanted['email']}")

    assert credential is not None
    assert credential["password_hash"]["S"].startswith("$argon2id$")
    assert wanted["password"] not in json.dumps([account, credential])
    assert "argon2" not in json.dumps(account)


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(lambda email: email.upper(), id="case"),
        pytest.param(lambda email: f"  {email}\n", id="space around"),
        pytest.param(lambda email: email.replace("é", "e\u0301"), id="composition"),
    ],
)
def test_another_spelling_of_an_address_is_the_same_address(auth: Gateway, spelling: Any) -> None:
    email = f"rené-{new_id()}@exämple.org"
    assert auth.call("POST", REGISTER, person(email=email)).status == 201

    answer = auth.call("POST", REGISTER, person(email=spelling(email)))

    assert answer.status == 409
    assert answer.json["type"] == "urn:millrace:problem:email-taken"
    assert auth.call("POST", "/api/auth/sign-in", person(email=spelling(email))).status == 200


def test_of_many_who_register_one_address_at_once_exactly_one_wins(auth: Gateway, world: World) -> None:
    email = f"{new_id()}@example.org"
    passwords = [f"mill wheel number {number}" for number in range(12)]
    # Chalice keeps the current request on itself, as Lambda allows: each "container" needs its own.
    containers = [Gateway(load_function("auth")) for _ in passwords]

    with ThreadPoolExecutor(len(passwords)) as pool:
        answers = list(
            pool.map(
                lambda pair: pair[0].call("POST", REGISTER, {"email": email, "password": pair[1]}),
                zip(containers, passwords, strict=True),
            )
        )

    assert sorted(answer.status for answer in answers) == [201] + [409] * 11
    winner = next(index for index, answer in enumerate(answers) if answer.status == 201)
    signed_in = [
        auth.call("POST", "/api/auth/sign-in", {"email": email, "password": password}).status for password in passwords
    ]
    assert [index for index, status in enumerate(signed_in) if status == 200] == [winner]
    assert world.item(f"USER#{answers[winner].json['user']['user_id']}") is not None


@pytest.mark.parametrize(("conflicts", "status"), [(2, 201), (len(WAIT_LIMITS_S), 503)])
def test_a_registration_that_another_blocks_looks_again(
    auth: Gateway, monkeypatch: pytest.MonkeyPatch, conflicts: int, status: int
) -> None:
    """The emulator runs one transaction after the other, so the conflict is made here as DynamoDB words it."""
    commit = TransactWrite._commit
    left = [TransactWriteError("blocked", conflict()) for _ in range(conflicts)]

    def blocked(transaction: TransactWrite) -> Any:
        if left:
            raise left.pop()
        return commit(transaction)

    monkeypatch.setattr(TransactWrite, "_commit", blocked)
    assert auth.call("POST", REGISTER, person()).status == status
    assert not left


def conflict() -> VerboseClientError:
    reasons = [CancellationReason("TransactionConflict"), None]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "conflict"}}
    return VerboseClientError(error, "TransactWriteItems", cancellation_reasons=reasons)


def test_a_registration_that_cannot_be_announced_still_stands(auth: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens there. The emulator would take an event for any bus.
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", f"http://127.0.0.1:{free_port()}")
    clients.forget()
    wanted = person()
    assert auth.call("POST", REGISTER, wanted).status == 201
    assert auth.call("POST", "/api/auth/sign-in", wanted).status == 200


def test_everything_that_is_wrong_is_named_at_once(auth: Gateway) -> None:
    answer = auth.call("POST", REGISTER, {"email": 7, "password": ["x"], "display_name": True, "is_admin": True})

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.refused_fields) == {"email", "password", "display_name", "is_admin"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"email": "a@@example.org"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"email": "a\u202e@example.org"}, "email"),
        ({"email": "a" * 65 + "@example.org"}, "email"),
        ({"email": "a@" + "b" * 250 + ".org"}, "email"),
        ({"email": None}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x y z w v" * 20}, "password"),
        ({"password": "Password2026!"}, "password"),
        ({"password": "qwertyuiop"}, "password"),
        ({"password": "aaaaaaaaaaaa"}, "password"),
        ({"display_name": "   "}, "display_name"),
        ({"display_name": "x" * 81}, "display_name"),
        ({"display_name": "evil\u202ename"}, "display_name"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(auth: Gateway, changes: dict[str, Any], field: str) -> None:
    answer = auth.call("POST", REGISTER, person(**changes))
    assert answer.status == 422, answer.body
    assert list(answer.refused_fields) == [field]
    for value in changes.values():
        assert value is None or str(value) not in answer.body, "a refused value is never repeated"


def test_the_address_is_no_password(auth: Gateway) -> None:
    email = f"{new_id()}@example.org"
    answer = auth.call("POST", REGISTER, {"email": email, "password": email.upper()})
    assert list(answer.refused_fields) == ["password"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "slug"),
    [
        ('{"email": ', {}, 400, "malformed-json"),
        ("", {}, 400, "malformed-json"),
        ("[" * 100_000, {}, 400, "malformed-json"),
        ('"\\ud800"', {}, 400, "malformed-json"),
        ("[]", {}, 422, "invalid"),
        ("null", {}, 422, "invalid"),
        ("email=a", {"content_type": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
        ("{}", {"content_type": "text/json"}, 415, "unsupported-media-type"),
        ('{"email": "' + "x" * 1024 * 1024 + '"}', {}, 413, "body-too-large"),
        ('{"email": "' + "ü" * 600 * 1024 + '"}', {}, 413, "body-too-large"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_body_that_cannot_be_read_is_refused(
    auth: Gateway, body: str, headers: dict[str, str], status: int, slug: str
) -> None:
    answer = auth.call("POST", REGISTER, body, **headers)
    assert (answer.status, answer.json["type"]) == (status, f"urn:millrace:problem:{slug}")


def test_names_and_passwords_of_any_script_are_kept(auth: Gateway) -> None:
    wanted = person(display_name="Ωμέγα 水車 👩‍🔬", password="Mühlräder am Fluß 水")
    answer = auth.call("POST", REGISTER, wanted)
    assert answer.json["user"]["display_name"] == "Ωμέγα 水車 👩‍🔬"
    decomposed = {**wanted, "password": "Mu\u0308hlra\u0308der am Fluß 水"}
    assert auth.call("POST", "/api/auth/sign-in", {k: decomposed[k] for k in ("email", "password")}).status == 200
