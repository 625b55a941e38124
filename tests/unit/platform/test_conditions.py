"""What comes with a request beside its body: conditions, keys, and where it comes from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.platform import errors, site
from millrace.platform.http import Access, Api, Caller, Cookie, Document, Input, Output, Reply
from millrace.platform.http.address import ORIGIN_HEADER, client_address
from millrace.platform.http.preconditions import check_match, entity_tag, expected_version, matches
from millrace.platform.http.route import BadRoute
from millrace.platform.ids import UserId
from millrace.platform.limits import per_account, per_address, per_value
from millrace.platform.openapi import api_document
from tests.unit.platform.gateway_events import call, event

SITE = "https://millrace.example"


class Title(Input):
    title: str


class Seen(Output):
    seen: str | None


api = Api("demo", lambda token: Caller(UserId(token)))


@api.route("PATCH", "/api/strict", access=Access.SIGNED_IN)
def edit_strictly(body: Title, if_match: str, caller: Caller) -> Reply[Seen]:
    """Edit, and say which state was read."""
    check_match(if_match, "7")
    return Reply(Seen(seen=body.title), etag="8")


@api.route("PATCH", "/api/loose", access=Access.SIGNED_IN)
def edit_loosely(if_match: str | None, caller: Caller) -> Seen:
    """Edit whatever there is."""
    return Seen(seen=if_match)


@api.route(
    "POST", "/api/things", status=201, access=Access.SIGNED_IN, idempotent=True, limits=[per_account("a", 9, 60)]
)
def make(body: Title, caller: Caller) -> Seen:
    """Make a thing."""
    return Seen(seen=body.title)


@api.route("POST", "/api/sign-in", cookies=True)
def enter() -> Reply[Seen]:
    """Sign in."""
    return Reply(Seen(seen=None), cookies=[Cookie("a", "b")])


@api.route("GET", "/api/page", media_type="text/html; charset=utf-8")
def page() -> Document:
    """Read a page."""
    return Document("null", headers={"Cache-Control": "max-age=60"})


@pytest.fixture(autouse=True)
def our_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "public_url", lambda: SITE)


def edit(resource: str, **headers: str) -> tuple[int, Any, dict[str, Any]]:
    given = {"Authorization": "Bearer ada", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return call(api, event("PATCH", resource, body='{"title": "mill"}', headers=given))


def test_an_edit_of_the_state_that_was_read_goes_through_and_names_the_new_state() -> None:
    status, body, headers = edit("/api/strict", If_Match='"7"')
    assert (status, body, headers["ETag"]) == (200, {"seen": "mill"}, '"8"')


def test_an_edit_of_another_state_is_refused() -> None:
    status, problem, _ = edit("/api/strict", If_Match='"6"')
    assert (status, problem["type"], problem["title"]) == (412, "urn:millrace:problem:stale", "Changed in the meantime")


def test_an_edit_that_must_name_a_state_and_does_not_is_refused() -> None:
    status, problem, _ = edit("/api/strict")
    assert (status, problem["type"]) == (428, "urn:millrace:problem:condition-required")


def test_an_edit_that_may_name_a_state_passes_without() -> None:
    assert edit("/api/loose")[1] == {"seen": None}
    assert edit("/api/loose", If_Match='"3"')[1] == {"seen": '"3"'}


@pytest.mark.parametrize(
    ("header", "matched"),
    [(None, True), ("*", True), ('"7"', True), ('"1", "7"', True), ('W/"7"', False), ("7", False), ("", False)],
)
def test_only_a_strong_tag_matches(header: str | None, matched: bool) -> None:
    assert matches(header, "7") is matched


@pytest.mark.parametrize(("header", "version"), [(None, None), ("*", None), ('"7"', 7)])
def test_a_tag_is_the_version(header: str | None, version: int | None) -> None:
    assert expected_version(header) == version


@pytest.mark.parametrize("header", ["7", '"x"', '"1", "2"', 'W/"7"', "", '"-1"', '"' + "9" * 19 + '"'])
def test_a_tag_that_no_version_has_matches_nothing(header: str) -> None:
    with pytest.raises(errors.Stale):
        expected_version(header)


@given(st.integers(min_value=0, max_value=10**17))
def test_every_version_comes_back_from_its_tag(version: int) -> None:
    assert expected_version(entity_tag(str(version))) == version


def test_a_tag_cannot_break_its_header() -> None:
    with pytest.raises(ValueError, match="entity tag"):
        entity_tag('a"b')


@pytest.mark.parametrize("key", ["", "with space", "x" * 129, "ü"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    headers = {"Authorization": "Bearer ada", "Idempotency-Key": key}
    status, problem, _ = call(api, event("POST", "/api/things", body='{"title": "mill"}', headers=headers))
    assert (status, problem["type"]) == (400, "urn:millrace:problem:bad-idempotency-key")


def test_a_document_is_sent_as_it_is() -> None:
    status, _, headers = call(api, event("GET", "/api/page"))
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (
        200,
        "text/html; charset=utf-8",
        "max-age=60",
    )


def test_what_a_bearer_token_reads_any_page_may_read() -> None:
    _, _, headers = edit("/api/loose", Origin="https://other.example")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(("origin", "allowed"), [(SITE, SITE), ("https://other.example", None), ("null", None)])
def test_an_answer_with_cookies_is_for_the_sites_own_pages(origin: str, allowed: str | None) -> None:
    _, _, headers = call(api, event("POST", "/api/sign-in", headers={"Origin": origin}))
    assert headers.get("Access-Control-Allow-Origin") == allowed
    assert headers.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)
    assert headers["Vary"] == "Origin"


def test_an_answer_to_a_cookie_is_for_the_sites_own_pages() -> None:
    headers = {"Cookie": "__Host-millrace_access=ada", "Origin": SITE, "Sec-Fetch-Site": "same-origin"}
    status, _, answered = call(api, event("PATCH", "/api/loose", headers=headers))
    assert (status, answered["Access-Control-Allow-Origin"]) == (200, SITE)
    status, _, answered = call(api, event("PATCH", "/api/loose", headers={**headers, "Sec-Fetch-Site": "cross-site"}))
    assert status == 403


@pytest.mark.parametrize(
    ("secret", "header", "forwarded", "found"),
    [
        pytest.param("s3cret", "s3cret", "198.51.100.9, 203.0.113.1", "198.51.100.9", id="through the distribution"),
        pytest.param("s3cret", "s3cret", "6.6.6.6, 198.51.100.9, 203.0.113.1", "198.51.100.9", id="viewer lies"),
        pytest.param("s3cret", "s3cret", "198.51.100.9", "198.51.100.9", id="gateway adds nothing"),
        pytest.param("s3cret", "s3cret", "203.0.113.1", "203.0.113.1", id="viewer and connection are one"),
        pytest.param("s3cret", "s3cret", "", "203.0.113.1", id="no header"),
        pytest.param("s3cret", "guessed", "6.6.6.6, 203.0.113.1", "203.0.113.1", id="round the distribution"),
        pytest.param("s3cret", "", "6.6.6.6, 203.0.113.1", "203.0.113.1", id="without the secret"),
        pytest.param("", "", "6.6.6.6, 203.0.113.1", "203.0.113.1", id="no secret is set"),
    ],
)
def test_nobody_chooses_the_address_that_they_come_from(
    monkeypatch: pytest.MonkeyPatch, secret: str, header: str, forwarded: str, found: str
) -> None:
    monkeypatch.setenv("ORIGIN_SECRET", secret)
    headers = {ORIGIN_HEADER: header, "x-forwarded-for": forwarded}
    assert client_address(headers, "203.0.113.1") == found


def test_the_description_tells_of_keys_conditions_and_limits() -> None:
    paths = api_document({"demo": api}, version="1")["paths"]
    strict, loose = paths["/api/strict"]["patch"], paths["/api/loose"]["patch"]
    made, read = paths["/api/things"]["post"], paths["/api/page"]["get"]
    assert [(item["name"], item["in"], item["required"]) for item in strict["parameters"]] == [
        ("If-Match", "header", True)
    ]
    assert {"412", "428"} <= set(strict["responses"])
    assert loose["parameters"][0]["required"] is False
    assert "428" not in loose["responses"]
    assert made["parameters"][0]["name"] == "Idempotency-Key"
    assert "9 in 60 s for each account." in made["responses"]["429"]["description"]
    assert "Retry-After" in made["responses"]["429"]["headers"]
    assert {"400", "409"} <= set(made["responses"])
    assert list(read["responses"]["200"]["content"]) == ["text/html; charset=utf-8"]


def test_promises_that_cannot_be_kept_are_refused_when_declared() -> None:
    def anonymous(body: Title) -> Seen:
        return Seen(seen=body.title)

    for options in (
        {"idempotent": True},
        {"limits": [per_value("x", 1, 1, field="email")]},
        {"limits": [per_account("x", 1, 1)]},
    ):
        with pytest.raises(BadRoute):
            Api("other").route("POST", "/api/x", **options)(anonymous)
    Api("other").route("POST", "/api/x", limits=[per_address("x", 1, 1), per_value("y", 1, 1, field="title")])(
        anonymous
    )
