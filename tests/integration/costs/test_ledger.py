"""The ledger of costs, on the emulator's DynamoDB: budgets hold, attempts count once, months add up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from millrace.costs import service, usage
from millrace.costs.cost import Cost
from millrace.costs.errors import BudgetExceeded
from millrace.costs.messages import UsageQuery
from millrace.platform.clock import now
from millrace.platform.ids import UserId, new_id
from tests.integration.emulator import servers
from tests.integration.emulator.servers import Server
from tests.integration.gateway import forget_container
from tests.integration.tables import make_table

FILM_MS = 60_000


def _cost(usd_micro: int) -> Cost:
    return Cost(gb_s=2.5, scratch_gb_s=0, requests=10, transitions=20, puts=0, gets=0, usd_micro=usd_micro)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.running(tmp_path_factory.mktemp("ledger") / "state", is_stock=False) as running:
        yield running


@pytest.fixture(autouse=True)
def ledger(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A table of its own for each test, budgets of one and three dollars."""
    settings = {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "COSTS_TABLE": make_table(server, "CostsTable"),
        "ACCOUNT_BUDGET_USD": "1",
        "STACK_BUDGET_USD": "3",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    forget_container()
    yield
    forget_container()


def _account() -> UserId:
    return UserId(new_id())


def _month(owner_id: UserId) -> tuple[int, int]:
    shown = usage.month(owner_id, UsageQuery())
    return shown.films, shown.usd_micro


def test_what_exceeds_an_accounts_budget_is_refused_in_words() -> None:
    owner = _account()
    service.reserve(owner, "first", FILM_MS, _cost(600_000))
    with pytest.raises(BudgetExceeded, match=r"about 0\.60 US dollars: more than is left of the 1\.00 .*tomorrow"):
        service.reserve(owner, "second", FILM_MS, _cost(600_000))
    service.reserve(owner, "third", FILM_MS, _cost(400_000))
    assert _month(owner) == (2, 1_000_000)


def test_what_is_too_dear_by_itself_is_refused_on_the_first_day() -> None:
    with pytest.raises(BudgetExceeded):
        service.reserve(_account(), "film", FILM_MS, _cost(1_000_001))


def test_all_accounts_together_have_a_budget_too() -> None:
    for number in range(3):
        service.reserve(_account(), f"film {number}", FILM_MS, _cost(1_000_000))
    poor = _account()
    with pytest.raises(BudgetExceeded, match="this site has not so much left"):
        service.reserve(poor, "one more", FILM_MS, _cost(1))
    assert _month(poor) == (0, 0), "a refusal uses nothing of the account's"


def test_an_attempt_is_reserved_once_however_often_the_step_runs() -> None:
    owner = _account()
    for _ in range(3):
        service.reserve(owner, "film", FILM_MS, _cost(900_000))
    assert _month(owner) == (1, 900_000)


def test_films_that_come_together_do_not_overdraw() -> None:
    owner = _account()

    def try_one(number: int) -> bool:
        try:
            service.reserve(owner, f"film {number}", FILM_MS, _cost(300_000))
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(try_one, range(6))) == 3
    assert _month(owner) == (3, 900_000)


def test_what_a_film_took_replaces_its_estimate_once() -> None:
    owner = _account()
    service.reserve(owner, "film", FILM_MS, _cost(900_000))
    for _ in range(2):
        service.settle(owner, "film", FILM_MS, _cost(900_000), _cost(250_000))
    assert _month(owner) == (1, 250_000)
    service.reserve(owner, "next", FILM_MS, _cost(700_000))
    service.settle(owner, "never reserved", FILM_MS, _cost(1), _cost(999_999))
    assert _month(owner) == (2, 950_000)


def test_no_budget_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNT_BUDGET_USD", "0")
    monkeypatch.setenv("STACK_BUDGET_USD", "0")
    owner = _account()
    service.reserve(owner, "film", FILM_MS, _cost(50_000_000))
    shown = usage.month(owner, UsageQuery())
    assert (shown.usd_micro, shown.budget_usd_micro_a_day) == (50_000_000, None)


def test_a_month_is_told_by_its_days() -> None:
    owner = _account()
    service.reserve(owner, "film", FILM_MS, _cost(10))
    shown = usage.month(owner, UsageQuery(month=f"{now():%Y-%m}"))
    (day,) = shown.days
    assert (day.day, day.films, day.film_ms, day.gb_s, day.requests, day.transitions) == (
        now().date(),
        1,
        FILM_MS,
        2.5,
        10,
        20,
    )
    assert usage.month(owner, UsageQuery(month="2020-01")).days == ()
