"""Typed views: what reaches them, what leaves them, and what becomes of failures."""

import json
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, field_validator

from millrace.platform import errors
from millrace.platform.http import Access, Api, Caller, Cookie, Input, Output, Page, Reply
from millrace.platform.ids import UserId, VideoId, new_id
from tests.unit.platform.gateway_events import REQUEST_ID, call, event

# Constant: workers that share the tests have to name them alike.
SOME_ID = "01kc3v9m5t3q8x5f0h2j4n6p8r"
ADA = Caller(UserId("ada"), frozenset({"creator"}))


class Part(Input):
    number: int = Field(ge=1)


class Draft(Input):
    title: str = Field(max_length=10)
    size_bytes: int = 1
    visibility: Literal["public", "private"] = "public"
    parts: tuple[Part, ...] = ()

    @field_validator("title")
    @classmethod
    def _no_shouting(cls, title: str) -> str:
        if title.isupper():
            raise ValueError("Not so loud")
        return title


class Search(Input):
    limit: int = Field(default=20, ge=1, le=100)
    tags: tuple[str, ...] = ()
    after: str | None = None


class Seen(Output):
    seen: dict[str, Any]


class VideoGone(errors.NotFound):
    slug = "video-gone"


RAISED: dict[str, Exception] = {
    "not-found": errors.NotFound("no"),
    "video-gone": VideoGone("gone"),
    "conflict": errors.Conflict("no"),
    "forbidden": errors.Forbidden("no"),
    "unauthenticated": errors.Unauthenticated("no"),
    "invalid": errors.Invalid("upload.parts.3", "missing"),
    "too-many-requests": errors.TooMany("slow down", 7),
    "unavailable": errors.Unavailable("later", 3),
    "bare": errors.DomainError("secret detail"),
    "unknown": RuntimeError("secret detail"),
    "key": KeyError("secret detail"),
}


def authenticate(token: str) -> Caller:
    if token != "good":
        raise errors.Unauthenticated("Bad token.")
    return ADA


api = Api("demo", authenticate)


@api.route("POST", "/api/videos", status=201)
def create(body: Draft) -> Seen:
    """Make a video."""
    return Seen(seen=body.model_dump())


@api.route("GET", "/api/videos", access=Access.OPTIONAL)
def search(query: Search, caller: Caller | None) -> Seen:
    """Find videos."""
    return Seen(seen={**query.model_dump(), "caller": caller and caller.user_id})


@api.route("GET", "/api/videos/{video_id}/tags/{tag}", access=Access.SIGNED_IN)
def read_tag(video_id: VideoId, tag: str, caller: Caller) -> Seen:
    """Read a tag."""
    return Seen(seen={"video_id": video_id, "tag": tag, "caller": caller.user_id})


@api.route("DELETE", "/api/videos/{video_id}", status=204)
def remove(video_id: VideoId) -> None:
    """Remove a video."""


@api.route("GET", "/api/failures/{kind}")
def fail(kind: str) -> Seen:
    """Fail."""
    raise RAISED[kind]


@api.route("POST", "/api/cookies", cookies=True)
def set_cookies() -> Reply[Seen]:
    """Set cookies."""
    cookies = [Cookie("a", "1", max_age_s=60), Cookie("b", "2", path="/media", secure=False, http_only=False)]
    return Reply(Seen(seen={}), headers={"Cache-Control": "private", "ETag": '"x"'}, cookies=cookies)


@api.route("POST", "/api/smuggled-cookies")
def smuggle_cookies() -> Reply[Seen]:
    """Set cookies without saying so."""
    return Reply(Seen(seen={}), cookies=[Cookie("a", "1")])


@api.route("GET", "/api/pages")
def pages() -> Page[Seen]:
    """List."""
    return Page[Seen](items=(Seen(seen={"n": 1}),), next_cursor="abc")


def post(body: str | bytes, **headers: str) -> tuple[int, Any, dict[str, Any]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(api, event("POST", "/api/videos", body=body, headers=given))


def fields(problem: Any) -> dict[str, str]:
    return {error["field"]: error["message"] for error in problem["errors"]}


def test_a_view_gets_a_model_and_gives_one() -> None:
    status, body, headers = post('{"title": "Mill", "parts": [{"number": 1}]}')
    assert status == 201
    assert body["seen"]["parts"] == [{"number": 1}]
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-Id"] == REQUEST_ID


def test_every_wrong_value_is_named_by_its_place() -> None:
    body = {
        "title": 5,
        "size_bytes": "12",
        "visibility": "secret",
        "parts": [{"number": 1}, {"number": 0, "x": 1}],
        "y": 2,
    }
    status, problem, headers = post(json.dumps(body))
    assert status == 422
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == "urn:millrace:problem:invalid"
    assert problem["instance"] == REQUEST_ID
    assert set(fields(problem)) == {"title", "size_bytes", "visibility", "parts.1.number", "parts.1.x", "y"}
    assert problem["status"] == 422


def test_our_own_validators_speak_plainly() -> None:
    assert fields(post('{"title": "MILL"}')[1]) == {"title": "Not so loud"}


@pytest.mark.parametrize("wrong", ["true", "1.5", '"1"', "null", "[]", "{}", "1e400"])
def test_a_number_is_a_number(wrong: str) -> None:
    status, problem, _ = post(f'{{"title": "Mill", "size_bytes": {wrong}}}')
    assert status == 422, problem
    assert list(fields(problem)) == ["size_bytes"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("text/plain", 415),
        ("application/jsonx", 415),
        ("text/plain, application/json", 415),
        ("*/*", 415),
        ("", 415),
    ],
)
def test_only_json_is_read(content_type: str, status: int) -> None:
    assert post('{"title": "Mill"}', content_type=content_type)[0] == status


def test_a_body_may_come_in_base64() -> None:
    assert post('{"title": "Mühle"}'.encode())[1]["seen"]["title"] == "Mühle"
    broken = event("POST", "/api/videos", body="?")
    broken["isBase64Encoded"] = True
    assert call(api, broken)[0] == 400


@pytest.mark.parametrize(
    "body", [None, "", "{", "{'title': 'x'}", '{"title": "x"}}', "\x00", b"\xff\xfe", "[" * 9999, "9" * 5000]
)
def test_what_is_no_json_is_a_bad_request(body: str | bytes | None) -> None:
    request = event("POST", "/api/videos", body=body, headers={"Content-Type": "application/json"})
    status, problem, _ = call(api, request)
    assert (status, problem["type"]) == (400, "urn:millrace:problem:malformed-json")


def test_the_largest_body_is_read_and_a_byte_more_is_not() -> None:
    limit = 1024 * 1024
    padding = limit - len('{"title":"x"}')
    assert post('{"title":"x"' + " " * padding + "}")[0] == 201
    assert post(('{"title":"x"' + " " * padding + "}").encode())[0] == 201
    assert post('{"title":"x"' + " " * (padding + 1) + "}")[0] == 413
    assert post(('{"title":"x"' + " " * (padding + 1) + "}").encode())[0] == 413


@settings(max_examples=200)
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_body_breaks_the_server(body: str | bytes) -> None:
    request = event("POST", "/api/videos", body=body, headers={"Content-Type": "application/json"})
    assert call(api, request)[0] in {201, 400, 422}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["title", "size_bytes", "visibility", "parts", "else"]), json_values))
def test_no_json_breaks_the_server(body: dict[str, Any]) -> None:
    assert post(json.dumps(body))[0] in {201, 400, 422}


def test_a_query_is_read_from_text() -> None:
    request = event("GET", "/api/videos", query={"limit": ["5"], "tags": ["a", "b"]})
    assert call(api, request)[1]["seen"] == {"limit": 5, "tags": ["a", "b"], "after": None, "caller": None}
    assert call(api, event("GET", "/api/videos"))[1]["seen"]["limit"] == 20


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"limit": ["0"]}, "limit"),
        ({"limit": ["many"]}, "limit"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"limit": [""]}, "limit"),
        ({"page": ["1"]}, "page"),
    ],
)
def test_a_wrong_query_is_named(query: dict[str, list[str]], wrong: str) -> None:
    status, problem, _ = call(api, event("GET", "/api/videos", query=query))
    assert (status, list(fields(problem))) == (422, [wrong])


def read(video_id: str, tag: str, token: str | None = "Bearer good") -> tuple[int, Any, dict[str, Any]]:
    headers = {"authorization": token} if token is not None else {}
    resource = "/api/videos/{video_id}/tags/{tag}"
    return call(api, event("GET", resource, path={"video_id": video_id, "tag": tag}, headers=headers))


def test_path_values_are_decoded_once() -> None:
    video_id = new_id()
    assert read(video_id, "caf%C3%A9%20%2520")[1]["seen"] == {"video_id": video_id, "tag": "café %20", "caller": "ada"}


@pytest.mark.parametrize("video_id", ["", "1", "../../etc", SOME_ID.upper(), SOME_ID + "%00", "%2e%2e", "ü" * 26])
def test_an_address_that_cannot_exist_is_not_found(video_id: str) -> None:
    status, problem, _ = read(video_id, "x")
    assert (status, problem["type"]) == (404, "urn:millrace:problem:not-found")


@pytest.mark.parametrize("tag", ["a%00b", "a%0d%0ab", "x" * 257, ""])
def test_a_path_text_has_no_control_characters_and_an_end(tag: str) -> None:
    assert read(new_id(), tag)[0] == 404


@pytest.mark.parametrize("token", [None, "", "good", "Basic good", "Bearer bad", "Bearer", "Bearer good more"])
def test_a_closed_route_wants_a_good_token(token: str | None) -> None:
    status, problem, headers = read("not even an id", "x", token)
    assert (status, problem["status"], headers["WWW-Authenticate"]) == (401, 401, "Bearer")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_has_no_case(scheme: str) -> None:
    assert read(new_id(), "x", f"{scheme}   good ")[0] == 200


def test_an_open_route_knows_its_caller_but_not_a_bad_one() -> None:
    def caller(**headers: str) -> tuple[int, Any]:
        status, body, _ = call(api, event("GET", "/api/videos", headers=headers))
        return status, body.get("seen", {}).get("caller")

    assert caller() == (200, None)
    assert caller(Authorization="Bearer good") == (200, "ada")
    assert caller(Authorization="Bearer bad") == (401, None)


def test_nothing_to_say_is_a_204() -> None:
    status, body, headers = call(api, event("DELETE", "/api/videos/{video_id}", path={"video_id": new_id()}))
    assert (status, body) == (204, None)
    assert "Content-Type" not in headers


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("not-found", 404),
        ("video-gone", 404),
        ("conflict", 409),
        ("forbidden", 403),
        ("unauthenticated", 401),
        ("invalid", 422),
        ("too-many-requests", 429),
        ("unavailable", 503),
    ],
)
def test_a_domain_error_is_a_problem_of_its_own_type(kind: str, status: int) -> None:
    found, problem, headers = call(api, event("GET", "/api/failures/{kind}", path={"kind": kind}))
    assert (found, problem["status"], problem["type"]) == (status, status, f"urn:millrace:problem:{kind}")
    assert headers["Content-Type"] == "application/problem+json"
    assert headers.get("Retry-After") == {"too-many-requests": "7", "unavailable": "3"}.get(kind)
    assert problem.get("errors") == ([{"field": "upload.parts.3", "message": "missing"}] if kind == "invalid" else None)


@pytest.mark.parametrize("kind", ["bare", "unknown", "key"])
def test_a_fault_of_ours_tells_nothing_but_where_to_look(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    status, problem, _ = call(api, event("GET", "/api/failures/{kind}", path={"kind": kind}))
    assert (status, problem["type"], problem["instance"]) == (500, "urn:millrace:problem:internal", REQUEST_ID)
    assert "secret" not in json.dumps(problem)
    failure, access = caplog.records
    assert (vars(failure)["request_id"], vars(access)["request_id"]) == (REQUEST_ID, REQUEST_ID)
    assert failure.exc_info is not None
    assert "secret detail" in str(failure.exc_info[1])


def test_a_path_that_is_no_route_is_a_404_and_another_method_a_405() -> None:
    assert call(api, event("GET", "/api/nothing"))[0] == 404
    status, problem, headers = call(api, event("PUT", "/api/videos"))
    assert (status, headers["Allow"]) == (405, "GET, POST")
    assert problem["type"] == "urn:millrace:problem:method-not-allowed"
    assert call(api, {"requestContext": {}})[0] == 404


def test_cookies_and_headers_leave_as_the_view_wants_them() -> None:
    status, _, headers = call(api, event("POST", "/api/cookies"))
    assert status == 200
    assert headers["Set-Cookie"] == [
        "a=1; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
        "b=2; Path=/media; SameSite=Lax",
    ]
    assert headers["Cache-Control"] == "private"


def test_cookies_that_a_route_did_not_announce_are_a_fault() -> None:
    status, _, headers = call(api, event("POST", "/api/smuggled-cookies"))
    assert status == 500
    assert "Set-Cookie" not in headers


def test_a_page_is_items_and_where_to_go_on() -> None:
    assert call(api, event("GET", "/api/pages"))[1] == {"items": [{"seen": {"n": 1}}], "next_cursor": "abc"}


@pytest.mark.parametrize(
    "request_event",
    [
        event("GET", "/api/pages"),
        event("GET", "/api/nothing"),
        event("GET", "/api/failures/{kind}", path={"kind": "key"}),
    ],
    ids=["answer", "no route", "fault"],
)
def test_every_answer_is_guarded(request_event: dict[str, Any]) -> None:
    _, _, headers = call(api, request_event)
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers


def test_a_request_leaves_one_line_and_its_metrics(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    read(new_id(), "private-words")
    metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
    access = vars(caplog.records[0])
    route = "GET /api/videos/{video_id}/tags/{tag}"
    assert (access["message"], access["route"], access["status"]) == ("request", route, 200)
    assert (metrics["route"], metrics["Requests"], metrics["Errors"]) == (route, [1.0], [0.0])
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["route", "service"]]
    assert "private-words" not in str([access, metrics])


def test_an_api_that_cannot_authenticate_has_open_routes_only() -> None:
    with pytest.raises(TypeError, match="cannot authenticate"):
        Api("open").route("GET", "/api/x", access=Access.OPTIONAL)(lambda: None)
