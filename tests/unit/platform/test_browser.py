"""Cookies of a session: where they are believed, and whose pages may use them."""

from typing import Any

import pytest

from millrace.platform import browser, site
from millrace.platform.errors import Unauthenticated
from millrace.platform.http import Access, Api, Caller, Cookie, Empty, Output, Visitor
from millrace.platform.ids import UserId
from tests.unit.platform.gateway_events import call, event

SITE = "https://millrace.example"
ADA = Caller(UserId("01kc3v9m5t3q8x5f0h2j4n6p8r"))
COOKIE = "__Host-millrace_access=good"


class Seen(Output):
    """What a view saw."""

    text: str


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(site, "public_url", lambda: SITE)
    api = Api("tested", authenticate)

    @api.route("GET", "/api/x", access=Access.SIGNED_IN)
    def read(caller: Caller) -> Seen:
        return Seen(text=caller.user_id)

    @api.route("POST", "/api/x", access=Access.OPTIONAL)
    def change(caller: Caller | None) -> Seen:
        return Seen(text=caller.user_id if caller else "nobody")

    @api.route("POST", "/api/away", status=302, cookies=True)
    def away(visitor: Visitor) -> Empty:
        return Empty({"Location": f"{SITE}/{visitor.user_agent}"}, [Cookie("a", "", max_age_s=0)])

    return api


def authenticate(token: str) -> Caller:
    if token != "good":
        raise Unauthenticated("no")
    return ADA


def status(api: Api, method: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(api, event(method, "/api/x", headers=named))[0]


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (COOKIE, 200),
        (f"a=1; {COOKIE}; b=2", 200),
        ("__Host-millrace_access=bad", 401),
        # Any host beside ours can set a plain cookie for our domain: on HTTPS it is none of ours.
        ("millrace_access=good", 401),
        ("", 401),
        (";;=;", 401),
    ],
)
def test_a_cookie_proves_who_calls(api: Api, cookie: str, expected: int) -> None:
    assert status(api, "GET", Cookie=cookie) == expected


def test_a_header_goes_before_the_cookie(api: Api) -> None:
    assert status(api, "GET", Cookie=COOKIE, Authorization="Bearer bad") == 401
    assert status(api, "GET", Cookie="__Host-millrace_access=bad", Authorization="Bearer good") == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": SITE}, 200),
        ({"sec_fetch_site": "same-origin", "Origin": SITE}, 200),
        ({}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site", "Origin": SITE}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"{SITE}.evil.example"}, 403),
        ({"Referer": f"{SITE}/page"}, 403),
    ],
)
def test_only_the_sites_own_pages_change_anything_by_cookie(api: Api, headers: dict[str, str], expected: int) -> None:
    assert status(api, "POST", Cookie=COOKIE, **headers) == expected


def test_a_bearer_token_needs_no_page(api: Api) -> None:
    assert status(api, "POST", Authorization="Bearer good", Sec_Fetch_Site="cross-site") == 200


def test_a_laptop_has_plain_names(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "public_url", lambda: "http://localhost:8080")
    assert status(api, "GET", Cookie="millrace_access=good") == 200
    assert status(api, "GET", Cookie=COOKIE) == 401
    assert status(api, "POST", Cookie="millrace_access=good", Origin="http://localhost:8080") == 200


def test_a_redirect_has_no_body(api: Api) -> None:
    code, body, headers = call(api, event("POST", "/api/away", headers={"User-Agent": "x" * 1000}))
    assert (code, body) == (302, None)
    assert headers["Location"] == f"{SITE}/{'x' * 256}"
    assert headers["Set-Cookie"] == ["a=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"]


def test_names_are_what_browsers_protect() -> None:
    assert browser.access_cookie_name(SITE) == "__Host-millrace_access"
    assert browser.refresh_cookie_name(SITE) == "__Secure-millrace_refresh"


def test_a_visitor_is_nothing_else() -> None:
    def view(visitor: str) -> Seen:
        return Seen(text=visitor)

    wrong: Any = view
    with pytest.raises(TypeError):
        Api("tested").route("GET", "/api/y")(wrong)
