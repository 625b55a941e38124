"""Creates that are sent again: one thing is made, and every sender gets the same answer."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from millrace.platform import errors
from millrace.platform.http import Access, Api, Caller, Input, Output, Reply
from millrace.platform.idempotency import service
from millrace.platform.ids import UserId, new_id
from tests.unit.platform.gateway_events import call, event

pytestmark = pytest.mark.usefixtures("tables")


class Draft(Input):
    title: str
    refused: bool = False
    takes_s: float = 0


class Thing(Output):
    thing_id: str
    title: str


MADE: list[str] = []


def container() -> Api:
    """Make a container of the function: each serves one request at a time."""
    api = Api("things", lambda token: Caller(UserId(token)))

    @api.route("POST", "/api/things", status=201, access=Access.SIGNED_IN, idempotent=True)
    def make_thing(body: Draft, caller: Caller) -> Reply[Thing]:
        """Make a thing."""
        time.sleep(body.takes_s)
        if body.refused:
            raise errors.Conflict("Not now.")
        thing = Thing(thing_id=new_id(), title=body.title)
        MADE.append(thing.thing_id)
        return Reply(thing, headers={"Location": f"/api/things/{thing.thing_id}"}, etag="1")

    return api


def send(key: str | None, who: str = "ada", api: Api | None = None, **draft: Any) -> tuple[int, Any, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {who}", **({"Idempotency-Key": key} if key else {})}
    body = json.dumps({"title": "mill", **draft})
    return call(api or container(), event("POST", "/api/things", body=body, headers=headers))


def test_a_request_that_comes_again_makes_nothing_and_gets_the_first_answer() -> None:
    key = new_id()
    first, second = send(key), send(key)
    assert first[0] == second[0] == 201
    assert first[1] == second[1]
    assert second[2]["Location"] == first[2]["Location"]
    assert (second[2]["ETag"], second[2]["Content-Type"]) == ('"1"', "application/json")
    assert "Idempotency-Replayed" not in first[2]
    assert second[2]["Idempotency-Replayed"] == "true"
    assert MADE.count(first[1]["thing_id"]) == 1


def test_without_a_key_each_request_makes_one() -> None:
    assert send(None)[1] != send(None)[1]


def test_a_key_belongs_to_its_account() -> None:
    key = new_id()
    assert send(key, "ada")[1] != send(key, "bob")[1]


def test_a_key_that_comes_with_another_body_is_refused() -> None:
    key = new_id()
    send(key)
    status, problem, _ = send(key, title="another")
    assert (status, problem["type"]) == (409, "urn:millrace:problem:idempotency-key-reused")


def test_of_many_at_once_one_makes_it_and_all_get_its_answer() -> None:
    key = new_id()
    containers = [container() for _ in range(8)]
    start = threading.Barrier(len(containers))

    def one(api: Api) -> tuple[int, Any, dict[str, Any]]:
        start.wait()
        return send(key, api=api, takes_s=0.3)

    with ThreadPoolExecutor(len(containers)) as pool:
        answers = list(pool.map(one, containers))
    assert {status for status, _, _ in answers} == {201}
    assert len({body["thing_id"] for _, body, _ in answers}) == 1
    assert sum("Idempotency-Replayed" not in headers for _, _, headers in answers) == 1


def test_whoever_has_waited_long_enough_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PATIENCE_S", 0.1)
    key = new_id()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, key, takes_s=1.0)
        time.sleep(0.4)
        status, problem, _ = send(key, takes_s=1.0)
        assert (status, problem["type"]) == (409, "urn:millrace:problem:idempotency-key-in-use")
        assert first.result()[0] == 201


def test_a_refusal_is_not_remembered() -> None:
    key = new_id()
    assert send(key, refused=True)[0] == 409
    assert send(key)[0] == 201


def test_a_claim_whose_function_died_lapses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CLAIM_MS", 100)
    key, alive = new_id(), threading.Event()

    class Died(BaseException):
        """What kills a container leaves the claim behind."""

    def die() -> Any:
        alive.set()
        raise Died

    with pytest.raises(Died):
        service.answer_once("POST /api/things", owner="ada", key=key, request="r", work=die)
    time.sleep(0.15)
    done = service.Remembered(201, "{}", {})
    assert service.answer_once("POST /api/things", owner="ada", key=key, request="r", work=lambda: done) == (
        done,
        False,
    )
