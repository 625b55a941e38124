"""Signing in, tokens and profiles, against a real table and keys."""

import base64
import hmac
import json
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from millrace.accounts import passwords, signing_keys
from millrace.platform.clock import now
from millrace.platform.ids import new_id
from tests.integration.accounts.conftest import SITE, World, forget_container
from tests.integration.accounts.gateway import Gateway, load_function

SIGN_IN = "/api/auth/sign-in"
ME = "/api/users/me"


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    return decoded(header), decoded(claims), signature


def decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed_by_kms(claims: dict[str, Any], *, key: int = 0, **header: Any) -> str:
    """Return a token that our own key signed, whatever it says."""
    keys = signing_keys.ring().all()
    signing_input = f"{encoded({'alg': 'ES256', 'kid': keys[key].kid, **header})}.{encoded(claims)}"
    signature = base64.urlsafe_b64encode(signing_keys.sign(keys[key], signing_input.encode())).rstrip(b"=").decode()
    return f"{signing_input}.{signature}"


def keyed_with_the_public_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return what fools a verifier that lets the header choose: a MAC whose key everyone knows."""
    public = signing_keys.ring().all()[0].public.as_pem(private=False)
    signing_input = f"{encoded(header)}.{encoded(claims)}"
    code = hmac.digest(public, signing_input.encode(), "sha256")
    return f"{signing_input}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"


def test_signing_in_opens_the_same_account(auth: Gateway, ada: dict[str, Any]) -> None:
    answer = auth.call("POST", SIGN_IN, {"email": ada["email"].upper(), "password": ada["password"]})
    assert answer.status == 200
    assert answer.json["user"] == ada["user"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_unknown_address_and_a_wrong_password_look_the_same(auth: Gateway, ada: dict[str, Any]) -> None:
    wrong = auth.call("POST", SIGN_IN, {"email": ada["email"], "password": "something else here"})
    unknown = auth.call("POST", SIGN_IN, {"email": f"x{ada['email']}", "password": ada["password"]})
    malformed = auth.call("POST", SIGN_IN, {"email": "nobody", "password": ada["password"]})

    seen = [{**answer.json, "instance": ""} for answer in (wrong, unknown, malformed)]
    assert wrong.status == 401
    assert seen[0] == seen[1] == seen[2]
    assert seen[0]["type"] == "urn:millrace:problem:wrong-credentials"


def test_an_unknown_address_costs_a_password_check_too(auth: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return verify(self, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    auth.call("POST", SIGN_IN, {"email": f"{new_id()}@example.org", "password": "mill wheel and river"})
    assert checked == [passwords.STAND_IN]


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(
    auth: Gateway, ada: dict[str, Any], world: World
) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=19456, parallelism=1).hash(ada["password"])
    world.server.client("dynamodb").update_item(
        TableName=world.table,
        Key={"pk": {"S": f"EMAIL#{ada['email']}"}},
        UpdateExpression="SET password_hash = :old",
        ExpressionAttributeValues={":old": {"S": old}},
    )
    credentials = {"email": ada["email"], "password": ada["password"]}

    assert auth.call("POST", SIGN_IN, {**credentials, "password": "something else here"}).status == 401
    assert (world.item(f"EMAIL#{ada['email']}") or {})["password_hash"]["S"] == old
    assert auth.call("POST", SIGN_IN, credentials).status == 200

    renewed = (world.item(f"EMAIL#{ada['email']}") or {})["password_hash"]["S"]
    assert not passwords.is_outdated(renewed)
    assert auth.call("POST", SIGN_IN, credentials).status == 200


def test_anyone_can_prove_a_token_with_the_published_keys(auth: Gateway, ada: dict[str, Any]) -> None:
    published = auth.call("GET", "/.well-known/jwks.json")
    assert published.headers["Cache-Control"] == "public, max-age=300"
    assert len(published.json["keys"]) == 2
    assert all("d" not in key for key in published.json["keys"])

    token = jwt.decode(ada["access_token"], KeySet.import_key_set(published.json), algorithms=["ES256"])

    assert token.claims["iss"] == SITE
    assert token.claims["aud"] == "millrace"
    assert token.claims["sub"] == ada["user"]["user_id"]
    assert token.claims["exp"] - token.claims["iat"] == 900
    assert token.header["kid"] in [key["kid"] for key in published.json["keys"]]


def forgeries(token: str) -> dict[str, str]:
    """Return tokens that differ from a good one by what an attacker could change."""
    header, claims, signature = parts(token)
    stranger = ECKey.generate_key("P-256")
    admin = {**claims, "roles": ["admin"]}
    return {
        "other key": jwt.encode(header, claims, stranger, algorithms=["ES256"]),
        "other key in the header": jwt.encode(
            {**header, "jwk": stranger.as_dict(private=False)}, claims, stranger, algorithms=["ES256"]
        ),
        "tampered claims": f"{encoded(header)}.{encoded(admin)}.{signature}",
        "tampered signature": token[:-6] + "AAAAAA",
        "no signature": f"{encoded(header)}.{encoded(claims)}.",
        "alg none": f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}.",
        "alg none with signature": f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}.{signature}",
        "alg HS256 with the public key": keyed_with_the_public_key({**header, "alg": "HS256"}, claims),
        "unknown kid": signed_by_kms(claims, kid="nobody"),
        "kid is no text": signed_by_kms(claims, kid=7),
        "no kid": signed_by_kms(claims, kid=None),
        "unknown critical header": signed_by_kms(claims, crit=["exp"]),
        "other issuer": signed_by_kms({**claims, "iss": "https://other.example"}),
        "other audience": signed_by_kms({**claims, "aud": "other"}),
        "no audience": signed_by_kms({name: value for name, value in claims.items() if name != "aud"}),
        "no expiry": signed_by_kms({name: value for name, value in claims.items() if name != "exp"}),
        "expired": signed_by_kms({**claims, "exp": int((now() - timedelta(seconds=31)).timestamp())}),
        "issued in the future": signed_by_kms({**claims, "iat": int((now() + timedelta(minutes=5)).timestamp())}),
        "subject is no id": signed_by_kms({**claims, "sub": "../admin"}),
        "no session": signed_by_kms({name: value for name, value in claims.items() if name != "sid"}),
        "roles are no list": signed_by_kms({**claims, "roles": {"admin": True}}),
        "claims are no object": signed_by_kms(["sub"]),  # type: ignore[arg-type]
        "no token": "",
        "dots": "..",
        "not ascii": "ü.ü.ü",
        "huge": "a" * 100_000,
        "deep": encoded(header) + "." + base64.urlsafe_b64encode(b"[" * 2000).decode().rstrip("=") + ".AA",
    }


def test_no_forged_token_opens_anything(auth: Gateway, ada: dict[str, Any]) -> None:
    for name, forged in forgeries(ada["access_token"]).items():
        answer = auth.call("GET", ME, token=forged)
        assert answer.status == 401, name
        assert answer.json["type"] == "urn:millrace:problem:bad-token", name
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            load_function("authorize").handler(authorizer_event(f"Bearer {forged}"), None)


def test_a_token_lasts_for_the_leeway_and_no_longer(auth: Gateway, ada: dict[str, Any]) -> None:
    _, claims, _ = parts(ada["access_token"])
    late = signed_by_kms({**claims, "exp": int((now() - timedelta(seconds=20)).timestamp())})
    assert auth.call("GET", ME, token=late).status == 200


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer  ", "bearer"])
def test_without_a_token_there_is_no_profile(auth: Gateway, header: str | None) -> None:
    answer = auth.call("GET", ME, **({} if header is None else {"authorization": header}))
    assert answer.status == 401


def test_a_token_of_the_second_key_is_good_and_an_older_container_learns_a_new_key(
    auth: Gateway, ada: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, claims, _ = parts(ada["access_token"])
    assert auth.call("GET", ME, token=signed_by_kms(claims, key=1)).status == 200

    kms = world.server.client("kms")
    alias = f"alias/{new_id()}"
    kms.create_alias(AliasName=alias, TargetKeyId=world.key_ids[0])
    monkeypatch.setenv("TOKEN_KEY_IDS", alias)
    forget_container()
    assert auth.call("GET", ME, token=signed_by_kms(claims)).status == 200
    rotated = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=alias, TargetKeyId=rotated)
    older = signing_keys.ring()
    forget_container()
    fresh = signed_by_kms(claims)
    monkeypatch.setattr(signing_keys, "ring", lambda: older)

    assert auth.call("GET", ME, token=fresh).status == 401, "asked a moment ago: not again"
    later_s = time.monotonic() + signing_keys.REFRESH_AFTER_S
    monkeypatch.setattr(signing_keys, "time", SimpleNamespace(monotonic=lambda: later_s))
    assert auth.call("GET", ME, token=fresh).status == 200


def test_without_the_key_service_nobody_is_called_a_forger(
    auth: Gateway, ada: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_KEY_IDS", new_id())
    forget_container()
    answer = auth.call("GET", ME, token=ada["access_token"])
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_renaming_changes_the_name_and_nothing_else(auth: Gateway, ada: dict[str, Any]) -> None:
    answer = auth.call("PATCH", ME, {"display_name": "Countess"}, token=ada["access_token"])
    assert answer.status == 200
    assert answer.json == {**ada["user"], "display_name": "Countess"}
    assert auth.call("GET", ME, token=ada["access_token"]).json == answer.json


@pytest.mark.parametrize("body", [{}, {"display_name": None}, {"display_name": "x", "roles": ["admin"]}])
def test_a_profile_takes_nothing_else(auth: Gateway, ada: dict[str, Any], body: dict[str, Any]) -> None:
    assert auth.call("PATCH", ME, body, token=ada["access_token"]).status == 422
    assert auth.call("GET", ME, token=ada["access_token"]).json == ada["user"]


def test_renaming_a_deleted_account_is_refused_and_makes_none(auth: Gateway, ada: dict[str, Any], world: World) -> None:
    key = f"USER#{ada['user']['user_id']}"
    world.server.client("dynamodb").delete_item(TableName=world.table, Key={"pk": {"S": key}})
    assert auth.call("PATCH", ME, {"display_name": "Ghost"}, token=ada["access_token"]).status == 404
    assert auth.call("GET", ME, token=ada["access_token"]).status == 404
    assert world.item(key) is None


def test_a_stranger_learns_nothing_from_a_bad_body(auth: Gateway) -> None:
    assert auth.call("PATCH", ME, {"nonsense": 1}).status == 401


def authorizer_event(header: str) -> dict[str, Any]:
    arn = "arn:aws:execute-api:us-east-1:000000000000:abc123/prod/GET/api/users/me"
    return {"type": "REQUEST", "headers": {"authorization": header}, "methodArn": arn}


def test_the_authorizer_opens_this_stage_and_no_other(ada: dict[str, Any]) -> None:
    policy = load_function("authorize").handler(authorizer_event(f"Bearer {ada['access_token']}"), None)
    assert policy["principalId"] == ada["user"]["user_id"]
    assert policy["context"] == {"user_id": ada["user"]["user_id"], "roles": "creator,viewer"}
    assert policy["policyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "execute-api:Invoke",
            "Resource": "arn:aws:execute-api:us-east-1:000000000000:abc123/prod/*",
        }
    ]


def test_tokens_and_passwords_stay_out_of_the_logs(
    auth: Gateway, ada: dict[str, Any], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    auth.call("POST", SIGN_IN, {"email": ada["email"], "password": ada["password"]})
    auth.call("GET", ME, token=ada["access_token"] + "x")
    logged = "".join(capsys.readouterr()) + "".join(str(vars(record)) for record in caplog.records)
    assert "'route': 'POST /api/auth/sign-in'" in logged
    assert '"route":"POST /api/auth/sign-in"' in logged
    assert ada["password"] not in logged
    assert ada["email"] not in logged
    assert ada["access_token"] not in logged


def test_a_profile_that_changed_meanwhile_is_not_overwritten(auth: Gateway, ada: dict[str, Any]) -> None:
    token = ada["access_token"]
    etag = auth.call("GET", ME, token=token).headers["ETag"]
    first = auth.call("PATCH", ME, {"display_name": "First"}, token=token, if_match=etag)
    assert (first.status, first.headers["ETag"] != etag) == (200, True)
    assert auth.call("PATCH", ME, {"display_name": "Second"}, token=token, if_match=etag).status == 412
    assert auth.call("GET", ME, token=token).json["display_name"] == "First"
    assert auth.call("PATCH", ME, {"display_name": "Third"}, token=token, if_match=first.headers["ETag"]).status == 200
