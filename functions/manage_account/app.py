"""What the operator does with accounts from a terminal: who may call it is IAM's to say, and no route leads here.

It makes the first administrator, whom nobody else could. The audit log calls whoever does this the operator.
"""

from typing import Any

from millrace.accounts import service
from millrace.accounts.messages import Order, User
from millrace.administration.service import promote

REASON = "From the operator's command line."


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Show an account, or give it other roles. Repeating it changes nothing but the log."""
    order = Order.model_validate(event)
    account = service.by_email(order.email)
    if order.roles is not None:
        account = promote(account.user_id, frozenset(order.roles), REASON)
    return User.of(account).model_dump(mode="json")
