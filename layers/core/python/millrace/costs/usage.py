"""What films cost, as the API tells it: before, by their measures, and after, by the month."""

from datetime import date

from millrace.costs import service
from millrace.costs.messages import EstimateInput, EstimateView, UsageQuery, UsageView
from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import UserId


def estimate_film(film: EstimateInput) -> EstimateView:
    """Return what such a film would cost on this stack."""
    # Other routes of the same function start without the planner.
    from millrace.costs.estimating import plan_for, view

    plan = plan_for(film, int(settings.require("TRANSCODE_CONCURRENCY")))
    return view(plan, int(settings.require("ENCODE_MEMORY_MB")))


def month(owner_id: UserId, query: UsageQuery) -> UsageView:
    """Return what an account's films took in a month, this one unless another is asked for."""
    first = date.fromisoformat(f"{query.month}-01") if query.month else now().date()
    return UsageView.of(f"{first:%Y-%m}", service.month(owner_id, first), service.account_budget())
