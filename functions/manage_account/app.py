"""What the operator does with accounts from a terminal: who may call it is IAM's to say, and no route leads here.

It makes the first administrator, whom nobody else could.
"""

from typing import Any

from millrace.accounts import service
from millrace.accounts.messages import Order, User


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Show an account, or give it other roles. Repeating it changes nothing."""
    order = Order.model_validate(event)
    account = service.by_email(order.email)
    if order.roles is not None:
        account = service.set_roles(account.user_id, frozenset(order.roles))
    return User.of(account).model_dump(mode="json")
