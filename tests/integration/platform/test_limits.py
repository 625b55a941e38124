"""Limits on a real table: who is counted with whom, when there is room again, and many at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from millrace.platform import clock
from millrace.platform.caller import Caller
from millrace.platform.errors import Unavailable
from millrace.platform.http import Api, Input
from millrace.platform.ids import UserId, new_id
from millrace.platform.limits import Limit, LimitReached, per_account, per_address, per_value, service, spend
from tests.unit.platform.gateway_events import call, event

pytestmark = pytest.mark.usefixtures("tables")


class Credentials(Input):
    email: str


@pytest.fixture(autouse=True)
def limits_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT_SCALE", "1")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Move the clock on."""
    from datetime import timedelta

    start, moved = clock.now(), [0.0]
    monkeypatch.setattr(service, "now", lambda: start + timedelta(seconds=moved[0]))

    def move(seconds: float) -> None:
        moved[0] += seconds

    return move


def allowed(limit: Limit, address: str = "192.0.2.1", caller: Caller | None = None, email: str = "") -> bool:
    try:
        spend([limit], address=address, caller=caller, body=Credentials(email=email))
    except LimitReached:
        return False
    return True


def test_there_are_as_many_at_once_as_the_limit_says_and_then_one_each_interval(later: Any) -> None:
    limit = per_address(new_id(), 5, 50)
    assert [allowed(limit) for _ in range(7)] == [True] * 5 + [False] * 2
    later(9.9)
    assert not allowed(limit)
    later(0.2)
    assert [allowed(limit), allowed(limit)] == [True, False]
    later(50)
    assert [allowed(limit) for _ in range(6)] == [True] * 5 + [False]


def test_a_refusal_says_when_to_try_again(later: Any) -> None:
    limit = per_address(new_id(), 1, 30)
    assert allowed(limit)
    later(12.5)
    with pytest.raises(LimitReached) as refused:
        spend([limit], address="192.0.2.1", caller=None, body=None)
    assert refused.value.retry_after_s == 18


def test_refused_tries_do_not_push_the_next_one_away(later: Any) -> None:
    limit = per_address(new_id(), 1, 30)
    assert [allowed(limit) for _ in range(20)] == [True] + [False] * 19
    later(30.1)
    assert allowed(limit)


def test_of_many_at_once_exactly_the_allowed_number_passes() -> None:
    limit = per_address(new_id(), 10, 3600)
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: allowed(limit), range(60))) == 10


def test_addresses_accounts_and_values_are_counted_apart() -> None:
    ada, bob = Caller(UserId(new_id())), Caller(UserId(new_id()))
    by_account, by_value = per_account(new_id(), 1, 60), per_value(new_id(), 1, 60, field="email")
    assert [allowed(by_account, caller=who) for who in (ada, bob, ada)] == [True, True, False]
    assert [allowed(by_value, email=it) for it in ("a@x.org", "b@x.org", " A@X.org")] == [True, True, False]
    by_address = per_address(new_id(), 1, 60)
    assert [allowed(by_address, address=it) for it in ("192.0.2.1", "192.0.2.2", "192.0.2.1")] == [True, True, False]


def test_a_household_has_one_network_of_ipv6() -> None:
    limit = per_address(new_id(), 1, 60)
    assert [allowed(limit, it) for it in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")] == [True, False, True]


def test_an_operator_widens_all_limits_or_turns_them_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT_SCALE", "3")
    limit = per_address(new_id(), 2, 60)
    assert [allowed(limit) for _ in range(7)] == [True] * 6 + [False]
    monkeypatch.setenv("LIMIT_SCALE", "0")
    assert allowed(limit)


def test_the_table_does_not_tell_who_was_here(tables: Any) -> None:
    import os

    allowed(per_address(new_id(), 5, 50), address="198.51.100.77")
    items = tables.client("dynamodb").scan(TableName=os.environ["LIMITS_TABLE"])["Items"]
    assert items
    assert "198.51.100.77" not in str(items)
    assert all("expires_at" in item for item in items)


def test_a_table_that_does_not_answer_lets_nobody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMITS_TABLE", "no-such-table")
    with pytest.raises(Unavailable):
        spend([per_address(new_id(), 5, 50)], address="192.0.2.1", caller=None, body=None)


def test_a_client_is_told_by_a_problem_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGIN_SECRET", "word")
    api = Api("demo")

    @api.route("POST", "/api/sign-in", limits=[per_address(new_id(), 1, 90)])
    def enter(body: Credentials) -> Credentials:
        """Sign in."""
        return body

    def send(viewer: str, word: str = "word") -> tuple[int, Any, dict[str, Any]]:
        headers = {"X-Millrace-Origin": word, "X-Forwarded-For": f"6.6.6.6, {viewer}, 203.0.113.1"}
        request = event("POST", "/api/sign-in", body='{"email": "a@x.org"}', headers=headers)
        request["requestContext"]["identity"] = {"sourceIp": "203.0.113.1"}
        return call(api, request)

    assert send("198.51.100.1")[0] == 200
    status, problem, headers = send("198.51.100.1")
    assert (status, problem["type"]) == (429, "urn:millrace:problem:too-many-requests")
    assert 88 <= int(headers["Retry-After"]) <= 90
    assert headers["Content-Type"] == "application/problem+json"
    assert send("198.51.100.2")[0] == 200
    # Without the distribution's word the header counts for nothing: all of these are one client.
    assert [send(f"198.51.100.{number}", "guess")[0] for number in (7, 8, 9)] == [200, 429, 429]
