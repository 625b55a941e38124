"""A view that cannot be served is refused while its function is imported."""

from typing import Any

import pytest
from pydantic import BaseModel

from millrace.platform.http import Access, Api, Caller, Input, Output
from millrace.platform.http.route import BadRoute
from millrace.platform.ids import UserId, VideoId


class Body(Input):
    name: str


class Lax(BaseModel):
    name: str


class Answer(Output):
    name: str


def surprising(other: str) -> Answer:
    return Answer(name="x")


def forgetful() -> Answer:
    return Answer(name="x")


def odd_id(video_id: int) -> Answer:
    return Answer(name="x")


def lax_body(body: Lax) -> Answer:
    return Answer(name="x")


def untyped_body(body: dict[str, Any]) -> Answer:
    return Answer(name="x")


def untyped() -> dict[str, Any]:
    return {}


def silent() -> None:
    return


def called(caller: Caller) -> Answer:
    return Answer(name="x")


def maybe_called(caller: Caller | None) -> Answer:
    return Answer(name="x")


@pytest.mark.parametrize(
    ("method", "path", "view", "options"),
    [
        ("FETCH", "/api/x", forgetful, {}),
        ("GET", "api/x", forgetful, {}),
        ("GET", "/api/x/", forgetful, {}),
        ("GET", "/api/{proxy+}", forgetful, {}),
        ("GET", "/api/x", surprising, {}),
        ("GET", "/api/{video_id}", forgetful, {}),
        ("GET", "/api/{video_id}", odd_id, {}),
        ("POST", "/api/x", lax_body, {}),
        ("POST", "/api/x", untyped_body, {}),
        ("GET", "/api/x", untyped, {}),
        ("GET", "/api/x", silent, {}),
        ("GET", "/api/x", forgetful, {"status": 204}),
        ("GET", "/api/x", called, {"access": Access.PUBLIC}),
        ("GET", "/api/x", called, {"access": Access.OPTIONAL}),
        ("GET", "/api/x", maybe_called, {"access": Access.SIGNED_IN}),
    ],
)
def test_a_bad_declaration_is_refused(method: str, path: str, view: Any, options: dict[str, Any]) -> None:
    api = Api("demo", lambda _token: Caller(UserId("x")))
    with pytest.raises(BadRoute):
        api.route(method, path, **options)(view)
    assert api.routes == []


def test_a_good_declaration_is_read_whole() -> None:
    api = Api("demo", lambda _token: Caller(UserId("x")))

    @api.route("PUT", "/api/videos/{video_id}/tags/{tag}", access=Access.SIGNED_IN, tag="videos")
    def put_tag(tag: str, video_id: VideoId, body: Body, caller: Caller) -> Answer:
        return Answer(name=f"{video_id}{tag}{body.name}{caller.user_id}")

    (route,) = api.routes
    assert route.path_params == {"video_id": True, "tag": False}
    assert (route.body, route.query, route.reply, route.takes_caller) == (Body, None, Answer, True)
    called_directly = put_tag("t", VideoId("v"), Body(name="n"), Caller(UserId("u")))
    assert called_directly.name == "vtnu", "a view stays a function"
