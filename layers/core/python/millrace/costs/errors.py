"""What can go wrong with costs."""

from millrace.platform.errors import Unavailable


class CostsUnavailable(Unavailable):
    """The ledger does not answer."""

    def __init__(self) -> None:
        super().__init__("The budget cannot be read at the moment. Please try again.")


class BudgetExceeded(Exception):
    """A film would cost more than is left of today's budget; `message` is a sentence for its owner."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
