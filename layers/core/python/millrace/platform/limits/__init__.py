"""How often somebody may do something, counted where every container of every function sees it."""

from millrace.platform.limits.model import Limit, Per, per_account, per_address, per_value
from millrace.platform.limits.service import LimitReached, spend

__all__ = ["Limit", "LimitReached", "Per", "per_account", "per_address", "per_value", "spend"]
