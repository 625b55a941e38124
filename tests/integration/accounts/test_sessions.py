"""Staying signed in: rotation, reuse, lists, and ends, against real tables."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from millrace.accounts import service, signing_in, signing_keys
from millrace.accounts.model import Role
from millrace.accounts.sessions import service as sessions
from millrace.platform import site
from millrace.platform.clock import now
from millrace.platform.ids import new_id
from tests.integration.accounts.browser import ACCESS, REFRESH_COOKIE, Browser
from tests.integration.accounts.conftest import World, forget_container
from tests.integration.accounts.gateway import ADDRESS, Answer, Gateway, load_function

REFRESH = "/api/auth/refresh"
SIGN_IN = "/api/auth/sign-in"
SIGN_OUT = "/api/auth/sign-out"
EVERYWHERE = "/api/auth/sign-out-everywhere"
SESSIONS = "/api/auth/sessions"
PASSWORD = "/api/auth/password"
ME = "/api/users/me"


def refresh(auth: Gateway, token: str) -> Answer:
    return auth.call("POST", REFRESH, {"refresh_token": token})


def sign_in(auth: Gateway, ada: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = auth.call("POST", SIGN_IN, {"email": ada["email"], "password": ada["password"]}, **headers)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    monkeypatch.setattr(signing_in, "now", lambda: now() + by)


def test_a_refresh_token_gets_the_next_pair_for_the_same_session(auth: Gateway, ada: dict[str, Any]) -> None:
    answer = refresh(auth, ada["refresh_token"])
    assert answer.status == 200
    assert (answer.json["user"], answer.json["session_id"]) == (ada["user"], ada["session_id"])
    assert answer.json["refresh_token"] != ada["refresh_token"]
    assert auth.call("GET", ME, token=answer.json["access_token"]).status == 200
    assert refresh(auth, answer.json["refresh_token"]).status == 200


def test_a_replayed_refresh_token_ends_the_session_of_thief_and_owner(
    auth: Gateway, ada: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = refresh(auth, ada["refresh_token"]).json["refresh_token"]
    later(monkeypatch, timedelta(seconds=11))
    replayed = refresh(auth, ada["refresh_token"])
    assert (replayed.status, replayed.json["type"]) == (401, "urn:millrace:problem:bad-refresh-token")
    assert refresh(auth, fresh).status == 401


def test_an_older_token_ends_the_session_at_once(auth: Gateway, ada: dict[str, Any]) -> None:
    second = refresh(auth, ada["refresh_token"]).json["refresh_token"]
    third = refresh(auth, second).json["refresh_token"]
    assert refresh(auth, ada["refresh_token"]).status == 401
    assert refresh(auth, third).status == 401


def test_two_tabs_that_refresh_at_once_get_the_same_token(auth: Gateway, ada: dict[str, Any]) -> None:
    containers = [Gateway(load_function("auth")) for _ in range(6)]
    with ThreadPoolExecutor(len(containers)) as pool:
        answers = list(pool.map(lambda container: refresh(container, ada["refresh_token"]), containers))
    assert {answer.status for answer in answers} == {200}
    (fresh,) = {answer.json["refresh_token"] for answer in answers}
    assert refresh(auth, fresh).status == 200


def test_a_made_up_token_ends_nobodys_session(auth: Gateway, ada: dict[str, Any]) -> None:
    prefix, user_id, session_id, _, secret = ada["refresh_token"].split(".")
    other = "A" * 43
    for forged in (
        f"{prefix}.{user_id}.{session_id}.{other}.{secret}",
        f"{prefix}.{user_id}.{session_id}.{other}.{other}",
    ):
        assert refresh(auth, forged).status == 401
    assert refresh(auth, ada["refresh_token"]).status == 200


@pytest.mark.parametrize("token", ["", "mrt", "x" * 1024, "mrt.a.b.c.d"])
def test_nonsense_is_refused(auth: Gateway, token: str) -> None:
    assert refresh(auth, token).status == 401


def test_a_session_lapses_unused_even_if_the_table_keeps_it(
    auth: Gateway, ada: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, timedelta(days=30, seconds=1))
    assert refresh(auth, ada["refresh_token"]).status == 401
    monkeypatch.undo()


def test_refresh_tokens_are_stored_only_as_hashes(ada: dict[str, Any], world: World) -> None:
    key = {"user_id": {"S": ada["user"]["user_id"]}, "session_id": {"S": ada["session_id"]}}
    item = world.server.client("dynamodb").get_item(TableName=world.sessions_table, Key=key)["Item"]
    *_, family, secret = ada["refresh_token"].split(".")
    assert family not in str(item)
    assert secret not in str(item)
    assert int(item["ends_at"]["N"]) > now().timestamp()


def test_a_list_tells_ones_sessions_apart(auth: Gateway, ada: dict[str, Any]) -> None:
    phone = sign_in(auth, ada, user_agent="Phone/1.0")
    answer = auth.call("GET", SESSIONS, token=phone["access_token"])
    assert [session["session_id"] for session in answer.json["items"]] == [phone["session_id"], ada["session_id"]]
    first = answer.json["items"][0]
    assert (first["is_current"], first["address"], first["user_agent"]) == (True, ADDRESS, "Phone/1.0")
    assert not answer.json["items"][1]["is_current"]


def test_the_list_has_pages(auth: Gateway, ada: dict[str, Any]) -> None:
    expected = [*[sign_in(auth, ada)["session_id"] for _ in range(2)][::-1], ada["session_id"]]
    seen, cursor = [], None
    for _ in range(4):
        query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        page = auth.call("GET", SESSIONS, token=ada["access_token"], query=query).json
        seen += [session["session_id"] for session in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == expected
    assert auth.call("GET", SESSIONS, token=ada["access_token"], query={"cursor": "bm8"}).status == 422


def test_a_session_can_be_ended_by_its_owner_only(auth: Gateway, ada: dict[str, Any]) -> None:
    eve = auth.call("POST", "/api/auth/register", {"email": f"{new_id()}@example.org", "password": "mill and river"})
    path = f"{SESSIONS}/{ada['session_id']}"
    pattern = f"{SESSIONS}/{{session_id}}"
    assert auth.call("DELETE", path, token=eve.json["access_token"], resource=pattern).status == 204
    fresh = refresh(auth, ada["refresh_token"])
    assert fresh.status == 200
    assert auth.call("DELETE", path, token=ada["access_token"], resource=pattern).status == 204
    assert auth.call("DELETE", path, token=ada["access_token"], resource=pattern).status == 204
    assert refresh(auth, fresh.json["refresh_token"]).status == 401


def test_signing_out_ends_this_session_and_no_other(auth: Gateway, ada: dict[str, Any]) -> None:
    phone = sign_in(auth, ada)
    assert auth.call("POST", SIGN_OUT, token=phone["access_token"]).status == 204
    assert refresh(auth, phone["refresh_token"]).status == 401
    assert refresh(auth, ada["refresh_token"]).status == 200
    assert auth.call("POST", SIGN_OUT).status == 204


def test_signing_out_everywhere_ends_all(auth: Gateway, ada: dict[str, Any]) -> None:
    phone = sign_in(auth, ada)
    assert auth.call("POST", EVERYWHERE, token=ada["access_token"]).status == 204
    assert refresh(auth, phone["refresh_token"]).status == 401
    assert refresh(auth, ada["refresh_token"]).status == 401
    assert refresh(auth, sign_in(auth, ada)["refresh_token"]).status == 200


def test_a_session_that_began_before_the_end_of_all_is_over_even_if_its_item_survived(
    auth: Gateway, ada: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "end_all", lambda *_args, **_options: None)
    assert auth.call("POST", EVERYWHERE, token=ada["access_token"]).status == 204
    assert refresh(auth, ada["refresh_token"]).status == 401


def test_changing_the_password_ends_all_but_the_new_session(auth: Gateway, ada: dict[str, Any]) -> None:
    phone = sign_in(auth, ada)
    change = {"current_password": ada["password"], "new_password": "a lock between two rivers"}
    assert auth.call("POST", PASSWORD, {**change, "current_password": "wrong"}, token=ada["access_token"]).status == 401
    weak = auth.call("POST", PASSWORD, {**change, "new_password": "password123"}, token=ada["access_token"])
    assert list(weak.refused_fields) == ["new_password"]

    answer = auth.call("POST", PASSWORD, change, token=ada["access_token"])

    assert answer.status == 200
    assert refresh(auth, phone["refresh_token"]).status == 401
    assert refresh(auth, ada["refresh_token"]).status == 401
    assert refresh(auth, answer.json["refresh_token"]).status == 200
    assert auth.call("POST", SIGN_IN, {"email": ada["email"], "password": ada["password"]}).status == 401
    assert sign_in(auth, {**ada, "password": "a lock between two rivers"})


def test_a_suspended_account_cannot_sign_in_or_refresh_and_reads_why(auth: Gateway, ada: dict[str, Any]) -> None:
    credentials = {"email": ada["email"], "password": ada["password"]}
    service.suspend(ada["user"]["user_id"], "Spam in every comment.")
    answer = auth.call("POST", SIGN_IN, credentials)
    assert (answer.status, answer.json["type"]) == (403, "urn:millrace:problem:account-suspended")
    assert "Spam in every comment." in answer.json["detail"]
    assert auth.call("POST", SIGN_IN, {**credentials, "password": "something else"}).status == 401, (
        "strangers learn nothing"
    )
    assert refresh(auth, ada["refresh_token"]).status == 401

    service.restore(ada["user"]["user_id"])
    assert refresh(auth, ada["refresh_token"]).status == 401, "what was ended stays so"
    assert refresh(auth, sign_in(auth, ada)["refresh_token"]).status == 200


def test_a_changed_role_is_in_the_next_access_token(auth: Gateway, ada: dict[str, Any]) -> None:
    service.set_roles(ada["user"]["user_id"], frozenset({Role.VIEWER, Role.MODERATOR}))
    answer = refresh(auth, ada["refresh_token"])
    assert answer.json["user"]["roles"] == ["moderator", "viewer"]
    assert service.authenticate(answer.json["access_token"]).roles == {"moderator", "viewer"}


def test_accounts_are_found_by_id_address_and_name(auth: Gateway) -> None:
    mark = new_id()[-10:]
    made = [
        auth.call("POST", "/api/auth/register", {"email": f"{mark}{n}@example.org", "password": "mill and river"}).json
        for n in range(3)
    ]
    named = auth.call(
        "POST",
        "/api/auth/register",
        {"email": f"{new_id()}@example.org", "password": "mill and river", "display_name": f"{mark.upper()} Ltd"},
    ).json
    ids = [person["user"]["user_id"] for person in [*made, named]]
    assert [account.user_id for account in service.search(ids[1])[0]] == [ids[1]]

    found, cursor = [], None
    for _ in range(10):
        page, cursor = service.search(f" {mark.upper()}", cursor, limit=2)
        found += [account.user_id for account in page]
        if cursor is None:
            break
    # Whoever gave no name is called by the beginning of the address, so both lists have them.
    assert found[:3] == ids[:3]
    assert set(found) == set(ids)
    assert service.search(new_id())[0] == ()


def test_rotating_the_keys_signs_nobody_out(
    auth: Gateway, ada: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.key_ids
    held = ada
    for key_ids, signer in ((f"{first}", 0), (f"{first},{second}", 0), (f"{second},{first}", 1), (f"{second}", 1)):
        monkeypatch.setenv("TOKEN_KEY_IDS", key_ids)
        forget_container()
        # The last step comes a token's life after the one before: what the dropped key signed has expired by then.
        if key_ids != second:
            assert auth.call("GET", ME, token=held["access_token"]).status == 200, key_ids
        held = refresh(auth, held["refresh_token"]).json
        assert auth.call("GET", ME, token=held["access_token"]).status == 200, key_ids
        signed_by = next(key for key in signing_keys.ring().all() if key.kms_id == world.key_ids[signer])
        assert signed_by.kms_id == signing_keys.ring().signer().kms_id


@pytest.fixture
def browser(auth: Gateway, ada: dict[str, Any]) -> Browser:
    """Ada's browser, signed in with cookies."""
    browser = Browser(auth)
    credentials = {"email": ada["email"], "password": ada["password"], "transport": "cookies"}
    answer = browser.call("POST", SIGN_IN, credentials)
    assert (answer.status, answer.json["access_token"], answer.json["refresh_token"]) == (200, None, None)
    return browser


def test_a_browser_is_signed_in_by_cookies_that_scripts_cannot_read(browser: Browser) -> None:
    assert browser.attributes[ACCESS] == "Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax"
    assert browser.attributes[REFRESH_COOKIE] == "Path=/api/auth; Max-Age=2592000; Secure; HttpOnly; SameSite=Strict"
    assert browser.call("GET", ME).status == 200
    assert browser.call("PATCH", ME, {"display_name": "Countess"}).status == 200
    before = dict(browser.cookies)
    answer = browser.call("POST", REFRESH, {})
    assert (answer.status, answer.json["access_token"], answer.json["refresh_token"]) == (200, None, None)
    assert browser.cookies[REFRESH_COOKIE] != before[REFRESH_COOKIE]
    assert browser.call("GET", ME).status == 200


def test_another_sites_page_can_do_nothing_with_the_cookies(browser: Browser) -> None:
    evil = "https://evil.example"
    for method, path, body in [
        ("PATCH", ME, {"display_name": "Owned"}),
        ("POST", REFRESH, {}),
        ("POST", SIGN_OUT, None),
        ("POST", EVERYWHERE, None),
        ("POST", SIGN_IN, {"email": "eve@example.org", "password": "mill and river", "transport": "cookies"}),
        (
            "POST",
            "/api/auth/register",
            {"email": "eve@example.org", "password": "mill and river", "transport": "cookies"},
        ),
    ]:
        answer = browser.call(method, path, body, origin=evil)
        assert (answer.status, answer.json["type"]) == (403, "urn:millrace:problem:cross-site"), path
        assert not answer.set_cookies
    assert browser.call("GET", ME).json["display_name"] != "Owned"


@pytest.mark.parametrize("path", [SIGN_OUT, EVERYWHERE])
def test_signing_out_forgets_the_cookies(browser: Browser, path: str) -> None:
    kept = dict(browser.cookies)
    assert browser.call("POST", path).status == 204
    assert browser.cookies == {}
    browser.cookies = {REFRESH_COOKIE: kept[REFRESH_COOKIE]}
    assert browser.call("POST", REFRESH, {}).status == 401


def test_a_browser_whose_access_cookie_has_expired_can_still_sign_out(browser: Browser) -> None:
    del browser.cookies[ACCESS]
    kept = dict(browser.cookies)
    assert browser.call("POST", SIGN_OUT).status == 204
    browser.cookies = kept
    assert browser.call("POST", REFRESH, {}).status == 401


def test_a_browser_that_changes_its_password_goes_on_with_new_cookies(browser: Browser, ada: dict[str, Any]) -> None:
    change = {"current_password": ada["password"], "new_password": "a lock between two rivers"}
    assert browser.call("POST", PASSWORD, change).json["access_token"] is None
    assert browser.call("POST", REFRESH, {}).status == 200


def test_the_authorizer_takes_the_cookie_too(browser: Browser, ada: dict[str, Any]) -> None:
    event = {"type": "REQUEST", "methodArn": "arn:aws:execute-api:us-east-1:000000000000:abc/prod/GET/api/users/me"}
    policy = load_function("authorize").handler(
        {**event, "headers": {"Cookie": f"{ACCESS}={browser.cookies[ACCESS]}"}}, None
    )
    assert policy["principalId"] == ada["user"]["user_id"]
    for headers in (None, {}, {"Cookie": ""}, {"cookie": f"millrace_access={browser.cookies[ACCESS]}"}):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            load_function("authorize").handler({**event, "headers": headers}, None)


def test_a_laptop_needs_no_https(auth: Gateway, ada: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "public_url", lambda: "http://localhost:8080")
    body = {"email": ada["email"], "password": ada["password"], "transport": "cookies"}
    answer = auth.call("POST", SIGN_IN, body, origin="http://localhost:8080")
    assert [line.split("=")[0] for line in answer.set_cookies] == ["millrace_access", "millrace_refresh"]
    assert not any("Secure" in line for line in answer.set_cookies)


def test_an_operator_makes_an_administrator(auth: Gateway, ada: dict[str, Any]) -> None:
    manage = load_function("manage_account").handler
    assert manage({"email": ada["email"].upper()}, None) == ada["user"]
    changed = manage({"email": ada["email"], "roles": ["admin", "viewer"]}, None)
    assert changed["roles"] == ["admin", "viewer"]
    assert refresh(auth, ada["refresh_token"]).json["user"]["roles"] == ["admin", "viewer"]
    for order in ({"email": ada["email"], "roles": ["owner"]}, {"email": f"{new_id()}@example.org"}, {}):
        with pytest.raises(Exception, match=r"admin|no account|required"):
            manage(order, None)
