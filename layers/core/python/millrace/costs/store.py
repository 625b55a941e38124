"""The ledger of costs.

    access pattern                      request
    reserve a film's estimate           TransactWriteItems: film absent, account's and stack's day + estimate, if within
    replace it by what the film took    TransactWriteItems: film not settled, both days + difference
    an account's days of a month        Query ACCOUNT#id, DAY#yyyy-mm

Days are of UTC. Amounts are millionths of a dollar. A film is an attempt: a retry is reserved anew.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.costs.cost import Cost
from millrace.costs.errors import CostsUnavailable
from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import UserId
from millrace.platform.store import Cancelled, Deadlines, transact

STACK = "STACK"
KEPT = timedelta(days=400)
# Places in the transaction: saves come before updates.
_FILM, _ACCOUNT, _STACK = range(3)


class _Item(Model):
    class Meta(Deadlines):
        pass

    owner = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    day = UnicodeAttribute(null=True)
    usd_micro = NumberAttribute(null=True)
    films = NumberAttribute(null=True)
    film_ms = NumberAttribute(null=True)
    gb_ms = NumberAttribute(null=True)
    requests = NumberAttribute(null=True)
    transitions = NumberAttribute(null=True)
    settled = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt at a film: whose, which, how long it lasts, and what it costs as far as is known."""

    owner_id: UserId
    film: str
    film_ms: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class Day:
    """What an account used on a day."""

    day: date
    usd_micro: int
    films: int
    film_ms: int
    gb_ms: int
    requests: int
    transitions: int


class OverBudget(Exception):
    """The day has no room for it; `is_stack` tells whose."""

    def __init__(self, *, is_stack: bool) -> None:
        super().__init__("stack" if is_stack else "account")
        self.is_stack = is_stack


@cache
def table() -> type[_Item]:
    """Return the model, told where its table is."""
    _Item.Meta.table_name = settings.require("COSTS_TABLE")
    return _Item


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise CostsUnavailable from error


def reserve(entry: Entry, day: date, account_limit: int | None, stack_limit: int | None) -> None:
    """Put an estimate on the account's and the stack's day, once; raises OverBudget where it does not fit.

    Limits are millionths of a dollar a day; None is no limit.
    """
    model = table()
    amount = entry.cost.usd_micro
    for limit, is_stack in ((account_limit, False), (stack_limit, True)):
        if limit is not None and amount > limit:
            raise OverBudget(is_stack=is_stack)

    def fill(transaction: TransactWrite) -> None:
        film = model(_account(entry.owner_id), _film(entry), day=day.isoformat(), usd_micro=amount, expires_at=_gone())
        transaction.save(film, condition=_Item.entry.does_not_exist())
        for owner, limit in ((_account(entry.owner_id), account_limit), (STACK, stack_limit)):
            actions: list[Action] = [_Item.usd_micro.add(amount), _Item.expires_at.set(_gone()), _Item.films.add(1)]
            actions += [_Item.film_ms.add(entry.film_ms), _Item.gb_ms.add(_gb_ms(entry.cost))]
            actions += [_Item.requests.add(entry.cost.requests), _Item.transitions.add(entry.cost.transitions)]
            room: Condition | None = None
            if limit is not None:
                room = _Item.usd_micro.does_not_exist() | (_Item.usd_micro <= limit - amount)
            transaction.update(model(owner, _day(day)), actions=actions, condition=room)

    try:
        transact(fill, CostsUnavailable)
    except Cancelled as error:
        if _FILM not in error.failed:
            raise OverBudget(is_stack=_ACCOUNT not in error.failed) from error


def settle(entry: Entry, estimated: Cost, day: date) -> None:
    """Replace the estimate on that day by what the film took, once."""
    model = table()
    actual = entry.cost

    def fill(transaction: TransactWrite) -> None:
        film = model(_account(entry.owner_id), _film(entry))
        same: Condition = (_Item.day == day.isoformat()) & _Item.settled.does_not_exist()
        transaction.update(film, actions=[_Item.settled.set(actual.usd_micro)], condition=same)
        for owner in (_account(entry.owner_id), STACK):
            actions: list[Action] = [
                _Item.usd_micro.add(actual.usd_micro - estimated.usd_micro),
                _Item.gb_ms.add(_gb_ms(actual) - _gb_ms(estimated)),
                _Item.requests.add(actual.requests - estimated.requests),
                _Item.transitions.add(actual.transitions - estimated.transitions),
            ]
            transaction.update(model(owner, _day(day)), actions=actions)

    try:
        transact(fill, CostsUnavailable)
    except Cancelled:
        # It is settled already.
        return


def reserved_on(owner_id: UserId, film: str) -> date | None:
    """Return the day on which the attempt's estimate was reserved; None if it was not, or counts no longer."""
    with _translated():
        try:
            found = table().get(_account(owner_id), f"FILM#{film}", consistent_read=True)
        except table().DoesNotExist:
            return None
    is_settled = found.attribute_values.get("settled") is not None
    return date.fromisoformat(found.day) if found.day and not is_settled else None


def days(owner_id: UserId, month: str) -> Sequence[Day]:
    """Return the days of a month (yyyy-mm) on which the account used anything, in order."""
    with _translated():
        found = table().query(_account(owner_id), _Item.entry.startswith(f"DAY#{month}"), consistent_read=True)
        return [_day_of(item) for item in found]


def _day_of(item: _Item) -> Day:
    names = ("usd_micro", "films", "film_ms", "gb_ms", "requests", "transitions")
    counts = {name: int(getattr(item, name) or 0) for name in names}
    return Day(day=date.fromisoformat(item.entry.partition("#")[2]), **counts)


def _account(owner_id: UserId) -> str:
    return f"ACCOUNT#{owner_id}"


def _film(entry: Entry) -> str:
    return f"FILM#{entry.film}"


def _day(day: date) -> str:
    return f"DAY#{day.isoformat()}"


def _gb_ms(cost: Cost) -> int:
    return round(cost.gb_s * 1000)


def _gone() -> int:
    return int((now() + KEPT).timestamp())
