"""Use cases of costs: keep within the day's budget, count what was used, and tell it."""

from datetime import date

from millrace.costs import store
from millrace.costs.cost import Cost
from millrace.costs.errors import BudgetExceeded
from millrace.costs.store import Day, Entry, OverBudget
from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import UploadId, UserId, VideoId

MICRO = 1_000_000


def attempt_name(video_id: VideoId, upload_id: UploadId, attempt: int) -> str:
    """Return the name under which an attempt is counted: the same attempt is counted once."""
    return f"{video_id}#{upload_id}#{attempt}"


def reserve(owner_id: UserId, film: str, film_ms: int, cost: Cost) -> None:
    """Put an attempt's estimate on today's account, once; raises BudgetExceeded where it does not fit."""
    entry = Entry(owner_id, film, film_ms, cost)
    try:
        store.reserve(entry, now().date(), account_budget(), _budget("STACK_BUDGET_USD"))
    except OverBudget as error:
        raise BudgetExceeded(_sentence(cost, is_stack=error.is_stack)) from error


def settle(owner_id: UserId, film: str, film_ms: int, estimated: Cost, actual: Cost) -> None:
    """Count what an attempt took instead of its estimate; natural to repeat."""
    day = store.reserved_on(owner_id, film)
    if day is not None:
        store.settle(Entry(owner_id, film, film_ms, actual), estimated, day)


def is_reserved(owner_id: UserId, film: str) -> bool:
    """Whether an attempt's estimate still counts."""
    return store.reserved_on(owner_id, film) is not None


def month(owner_id: UserId, first: date) -> list[Day]:
    """Return the days of that month on which the account used anything."""
    return list(store.days(owner_id, f"{first:%Y-%m}"))


def account_budget() -> int | None:
    """Return what an account may use a day, in millionths of a dollar; None is any amount."""
    return _budget("ACCOUNT_BUDGET_USD")


def _budget(name: str) -> int | None:
    usd = float(settings.require(name))
    return round(usd * MICRO) if usd > 0 else None


def _sentence(cost: Cost, *, is_stack: bool) -> str:
    price = f"Processing this video would cost about {cost.usd_micro / MICRO:.2f} US dollars"
    if is_stack:
        return f"{price}, and this site has not so much left of its budget for today. Try it again tomorrow."
    return (
        f"{price}: more than is left of the {float(settings.require('ACCOUNT_BUDGET_USD')):.2f} that your account may "
        "use a day. Try it again tomorrow, or upload a shorter or smaller video."
    )
